//! [`Extension`]: every attribute of an order that this crate has no type for, as the wire has it.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use tws_proto::Order;

/// Attributes of an order beside those an [`Intent`](crate::Intent) has: algorithms, conditions, allocations, display
/// sizes and whatever else TWS takes. Nothing that the API can do is out of reach.
///
/// It cannot touch what names an order, what ties it to others, what sizes it, or what its kind and its time in force
/// say: those decide whether an order can be found again, and belong to the intent. What an order would do (`whatIf`) is
/// asked by [`Orders::question`](crate::Orders::question). An order for an amount of money (`cashQty`) is not taken: how many
/// units it is for is known only when it has filled, and until then nothing could be held against a limit.
///
/// ```
/// use order::Extension;
/// use tws_proto::kinds::TriggerMethod;
///
/// let hidden = Extension::new(|order| order.hidden = true)?;
/// assert_eq!(Extension::new(|order| order.order_reference = "mine".into()).unwrap_err().field, "orderRef");
/// # Ok::<(), order::ExtensionFault>(())
/// ```
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Box<Order>", into = "Box<Order>")]
pub struct Extension(Box<Order>);

/// Hands what is no extension's to a macro.
macro_rules! of_intent {
    ($use:ident) => {
        $use!(
            // What names an order and comes back with it.
            "clientId" client_id, "orderId" order_id, "permId" permanent_id, "orderRef" order_reference,
            "account" account, "filledQuantity" filled_quantity,
            // What ties it to others, or keeps it from being an order at all.
            "parentId" parent_id, "ocaGroup" oca_group, "ocaType" oca_type, "transmit" transmit, "whatIf" what_if,
            "hedgeType" hedge_type, "hedgeParam" hedge_parameter, "deactivate" deactivate,
            // What the intent says with types.
            "action" action, "totalQuantity" total_quantity, "cashQty" cash_quantity, "orderType" order_type,
            "lmtPrice" limit_price, "auxPrice" aux_price, "trailingPercent" trailing_percent,
            "trailStopPrice" trail_stop_price, "lmtPriceOffset" limit_price_offset, "tif" time_in_force,
            "goodTillDate" good_till_date, "outsideRth" outside_regular_hours
        )
    };
}

/// Hands what only answers tell to a macro.
macro_rules! of_answers {
    ($use:ident) => {
        $use!(
            "autoCancelDate" auto_cancel_date, "refFuturesConId" reference_futures_contract_id,
            "shareholder" shareholder, "parentPermId" parent_permanent_id, "submitter" submitter,
            "bondAccruedInterest" bond_accrued_interest, "basisPoints" basis_points,
            "basisPointsType" basis_points_type
        )
    };
}

/// An extension must leave this alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an extension cannot set {field}: how an order is found, tied, sized and sent is said by its intent and its group"
)]
pub struct ExtensionFault {
    /// Its wire name.
    pub field: &'static str,
}

impl Extension {
    /// Takes what `set` sets in an empty order.
    ///
    /// # Errors
    /// [`ExtensionFault`] names the first attribute that is not an extension's to set.
    pub fn new(set: impl FnOnce(&mut Order)) -> Result<Self, ExtensionFault> {
        let mut order = Box::new(Order::default());
        set(&mut order);
        Self::try_from(order)
    }

    /// What an open order shows beside what an intent says, to be sent again when it is changed; `None` where that is nothing.
    pub(crate) fn shown(order: &Order) -> Option<Self> {
        let untouched = Order::default();
        let mut rest = Box::new(order.clone());
        macro_rules! clear {
            ($($name:literal $field:ident),*) => {
                $(rest.$field.clone_from(&untouched.$field);)*
            };
        }
        of_intent!(clear);
        of_answers!(clear);
        (*rest != untouched).then_some(Self(rest))
    }

    /// What of it says for whom the order trades, and on whose word; nothing of when, where and how it does.
    pub(crate) fn for_whom(&self) -> Option<Self> {
        let mut kept = Box::new(Order::default());
        macro_rules! keep {
            ($($field:ident),*) => {
                $(kept.$field.clone_from(&self.0.$field);)*
            };
        }
        keep!(
            advisor_group,
            advisor_method,
            advisor_percentage,
            advisor_profile,
            model_code,
            clearing_account,
            clearing_intent,
            settling_firm,
            rule_80a,
            open_close,
            origin,
            short_sale_slot,
            designated_location,
            exempt_code,
            mifid2_decision_maker,
            mifid2_decision_algo,
            mifid2_execution_trader,
            mifid2_execution_algo,
            external_operator,
            customer_account,
            professional_customer,
            solicited,
            manual_order_indicator
        );
        (*kept != Order::default()).then_some(Self(kept))
    }

    /// Whether an advisor spreads what fills over accounts.
    pub(crate) fn is_spread(&self) -> bool {
        !(self.0.advisor_group.is_empty() && self.0.advisor_profile.is_empty())
    }

    /// By how much the order may trade beyond its limit (`discretionaryAmt`), where that is said.
    #[must_use]
    pub fn discretionary_amount(&self) -> Option<Decimal> {
        self.0.discretionary_amount
    }

    /// An order with these attributes and no others.
    pub(crate) fn order(&self) -> Order {
        (*self.0).clone()
    }
}

impl TryFrom<Box<Order>> for Extension {
    type Error = ExtensionFault;

    fn try_from(order: Box<Order>) -> Result<Self, ExtensionFault> {
        let untouched = Order::default();
        macro_rules! check {
            ($($name:literal $field:ident),*) => {
                $(if order.$field != untouched.$field {
                    return Err(ExtensionFault { field: $name });
                })*
            };
        }
        of_intent!(check);
        Ok(Self(order))
    }
}

impl From<Extension> for Box<Order> {
    fn from(extension: Extension) -> Self {
        extension.0
    }
}

impl fmt::Debug for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Extension(..)")
    }
}
