//! What can be asked of TWS, area by area, against a simulator that starts with the program:
//!
//! `cargo run -p tws-client --example tour -- history` shows one area, without a name it shows them all. Against a TWS of
//! your own, leave the simulator out and connect with `Config::paper()`.

#[path = "areas/mod.rs"]
mod areas;

#[tokio::main]
async fn main() -> areas::Outcome {
    let wanted = std::env::args().nth(1);
    let names: Vec<&str> = areas::AREAS.iter().map(|(name, _)| *name).collect();
    if let Some(wanted) = wanted.as_deref().filter(|wanted| !names.contains(wanted)) {
        return Err(format!("there is no area {wanted}; there are {}", names.join(", ")).into());
    }
    for (name, _) in areas::AREAS {
        if wanted.as_deref().is_none_or(|wanted| wanted == *name) {
            println!("\n{name}");
            areas::show(name).await?;
        }
    }
    Ok(())
}
