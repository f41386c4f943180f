//! The example `tour`: each area runs to its end by itself.

#[path = "../../examples/tour/areas/mod.rs"]
mod areas;

#[tokio::test]
async fn every_area_of_the_tour_runs_to_its_end() {
    for (name, _) in areas::AREAS {
        let shown = tokio::time::timeout(super::PATIENCE, areas::show(name)).await;
        shown.unwrap_or_else(|_| panic!("{name} does not end")).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}
