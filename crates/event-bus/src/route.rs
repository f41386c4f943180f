//! Filters that route by a key of the event: its kind, its topic, its instrument.

use std::collections::HashSet;
use std::hash::Hash;

/// A filter for [`Bus::subscribe_where`](crate::Bus::subscribe_where) that passes the events of one route.
///
/// ```
/// use event_bus::{Bus, Queue, on};
///
/// #[derive(Clone)]
/// struct News { topic: &'static str }
///
/// let bus = Bus::new();
/// let _sports = bus.subscribe_where(Queue::drop_oldest(16), on(|news: &News| news.topic, "sports"));
/// assert_eq!(bus.publish(&News { topic: "weather" }).queued, 0);
/// assert_eq!(bus.publish(&News { topic: "sports" }).queued, 1);
/// ```
pub fn on<E, K: PartialEq>(key: impl Fn(&E) -> K, route: K) -> impl Fn(&E) -> bool {
    move |event| key(event) == route
}

/// A filter for [`Bus::subscribe_where`](crate::Bus::subscribe_where) that passes the events of any of several routes.
pub fn on_any<E, K: Eq + Hash>(key: impl Fn(&E) -> K, routes: impl IntoIterator<Item = K>) -> impl Fn(&E) -> bool {
    let routes: HashSet<K> = routes.into_iter().collect();
    move |event| routes.contains(&key(event))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(filter: impl Fn(&u32) -> bool, expected: &[u32]) {
        let passed: Vec<u32> = (0..12).filter(|event| filter(event)).collect();
        assert_eq!(passed, expected);
    }

    #[test]
    fn routes_pass_their_keys_only() {
        check(on(|event| event % 5, 3), &[3, 8]);
        check(on_any(|event| event % 5, [0, 4]), &[0, 4, 5, 9, 10]);
        check(on_any(|event| event % 5, []), &[]);
    }
}
