//! The fields of a body one by one, for those who write it down in a form of their own.

use serde::Serialize;

/// A body that tells its fields, in the order in which it is serialised and under the same names.
pub trait Fields {
    /// Tells each field.
    ///
    /// # Errors
    ///
    /// The first one of the ear; nothing is told after it.
    fn tell<H: Hear>(&self, ear: &mut H) -> Result<(), H::Error>;
}

/// Hears of fields.
pub trait Hear {
    /// Why it wants to hear no more.
    type Error;

    /// A field of this name.
    ///
    /// # Errors
    ///
    /// When it wants to hear no more.
    fn field<T: Serialize>(&mut self, name: &'static str, value: &T) -> Result<(), Self::Error>;
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::ids::OrderId;
    use crate::message::{Execution, OpenOrder};
    use crate::order_state::OrderState;
    use crate::{Contract, Order};

    /// Writes a body as one that hears of its fields would.
    struct Json(Vec<String>);

    impl Hear for Json {
        type Error = Infallible;

        fn field<T: Serialize>(&mut self, name: &'static str, value: &T) -> Result<(), Infallible> {
            self.0.push(format!("\"{name}\":{}", serde_json::to_string(value).unwrap()));
            Ok(())
        }
    }

    #[track_caller]
    fn check<B: Fields + Serialize>(body: &B) {
        let mut told = Json(Vec::new());
        body.tell(&mut told).unwrap();
        assert_eq!(format!("{{{}}}", told.0.join(",")), serde_json::to_string(body).unwrap());
    }

    #[test]
    fn fields_are_told_as_they_are_serialised() {
        check(&Contract::stock("IBM", "USD"));
        check(&Order { account: "DU1".to_owned(), ..Order::default() });
        check(&OrderState::default());
        check(&Execution::default());
    }

    #[test]
    fn what_a_sparse_body_does_not_say_is_as_in_the_default() {
        let order: Order =
            serde_json::from_str(r#"{"account":"DU1","unheard_of":[1,{"account":"DU2"}],"parent_id":null}"#).unwrap();
        assert_eq!(order, Order { account: "DU1".to_owned(), parent_id: None, ..Order::default() });
        assert_eq!(serde_json::from_str::<Contract>("{}").unwrap(), Contract::default());
        assert!(serde_json::from_str::<Order>(r#"{"account":1}"#).is_err());
        let open = r#"{"order_id":1,"contract":{},"order":{"account":"DU1"},"state":{},"unheard_of":{}}"#;
        let expected = OpenOrder {
            order_id: OrderId(1),
            order: Order { account: "DU1".to_owned(), ..Order::default() },
            ..OpenOrder::default()
        };
        assert_eq!(serde_json::from_str::<OpenOrder>(open).unwrap(), expected);
        let refused = |open: &str| serde_json::from_str::<OpenOrder>(open).unwrap_err().to_string();
        assert!(refused(r#"{"order_id":1,"contract":{},"state":{}}"#).starts_with("missing field `order`"));
        assert!(refused(r#"{"order_id":1,"order_id":1}"#).starts_with("duplicate field `order_id`"));
        assert!(refused("[1]").starts_with("missing field `contract`"));
        let twice = serde_json::from_str::<Order>(r#"{"account":"DU1","account":"DU2"}"#).unwrap_err();
        assert!(twice.to_string().starts_with("duplicate field `account`"), "{twice}");
    }
}
