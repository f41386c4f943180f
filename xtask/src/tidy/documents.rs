//! Rules for manifests and documents: they say what is there, and nothing else.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use toml::{Table, Value};

use super::Fault;
use crate::repository::Repository;

const DEPENDENCIES: &str = "docs/dependencies.md";
const LONGEST_MAP: usize = 150;
const MAP: &str = "docs/architecture.md";

/// Manifests and documents.
pub(super) fn check(repository: &Repository) -> Result<Vec<Fault>> {
    let manifest = repository.read("Cargo.toml")?;
    let mut faults = dependencies(&manifest, &repository.read(DEPENDENCIES)?)?;
    let map = repository.read(MAP)?;
    let lines = map.lines().count();
    if lines > LONGEST_MAP {
        let what = format!("has {lines} lines, more than {LONGEST_MAP}");
        faults.push(Fault::of_file(MAP, what, "a map is read in one sitting: leave out what the code says"));
    }
    for package in repository.workspace()?.packages {
        let Ok(folder) = package.manifest_path.strip_prefix(repository.root().join("crates")) else { continue };
        let Some(folder) = folder.parent().map(|folder| format!("crates/{}", folder.display())) else { continue };
        faults.extend(crate_of_the_house(
            &folder,
            &repository.read(&format!("{folder}/Cargo.toml"))?,
            repository.read(&format!("{folder}/src/lib.rs")).ok().as_deref(),
        )?);
        if !map.contains(&format!("`{}`", package.name)) {
            let what = format!("does not mention `{}`", package.name);
            faults.push(Fault::of_file(MAP, what, "give the crate its paragraph"));
        }
    }
    Ok(faults)
}

/// The document names each dependency of the workspace that is not ours, and nothing else: `` - `name`: why ``.
fn dependencies(manifest: &str, document: &str) -> Result<Vec<Fault>> {
    let manifest: Table = manifest.parse().context("cannot read Cargo.toml")?;
    let listed = manifest
        .get("workspace")
        .and_then(|workspace| workspace.get("dependencies"))
        .and_then(Value::as_table)
        .context("Cargo.toml has no [workspace.dependencies]")?;
    let mut explained: BTreeMap<&str, usize> = BTreeMap::new();
    let mut faults = Vec::new();
    for (at, line) in document.lines().enumerate() {
        let Some((name, why)) = line.strip_prefix("- `").and_then(|rest| rest.split_once('`')) else { continue };
        if explained.insert(name, at + 1).is_some() {
            faults.push(Fault::of_line(DEPENDENCIES, at + 1, format!("`{name}` stands here twice"), "keep one line"));
        }
        if why.trim_start_matches(':').trim().is_empty() {
            faults.push(Fault::of_line(DEPENDENCIES, at + 1, format!("`{name}` has no reason"), "say why it is here"));
        }
    }
    for (name, value) in listed {
        let is_ours = value.get("path").is_some();
        if !is_ours && explained.remove(name.as_str()).is_none() {
            let remedy = "add a line that says why it is here";
            faults.push(Fault::of_file(DEPENDENCIES, format!("`{name}` of Cargo.toml is missing"), remedy));
        }
    }
    for (name, line) in explained {
        let what = format!("`{name}` is no dependency of the workspace");
        faults.push(Fault::of_line(DEPENDENCIES, line, what, "remove the line"));
    }
    Ok(faults)
}

/// A crate says what it is for, and takes lints and version from the workspace.
fn crate_of_the_house(folder: &str, manifest: &str, library: Option<&str>) -> Result<Vec<Fault>> {
    let file = format!("{folder}/Cargo.toml");
    let table: Table = manifest.parse().with_context(|| format!("cannot read {file}"))?;
    let mut faults = Vec::new();
    let inherits = |section: &str, key: &str| {
        let value = table.get(section).and_then(|section| section.get(key));
        value.is_some_and(|value| {
            value == &Value::Boolean(true) || value.get("workspace") == Some(&Value::Boolean(true))
        })
    };
    if !inherits("lints", "workspace") {
        faults.push(Fault::of_file(&file, "does not inherit the lints", "add `[lints]` with `workspace = true`"));
    }
    for key in ["version", "edition", "rust-version", "license"] {
        if !inherits("package", key) {
            let remedy = format!("write `{key}.workspace = true`");
            faults.push(Fault::of_file(&file, format!("does not inherit its {key}"), remedy));
        }
    }
    for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
        for (name, value) in table.get(section).and_then(Value::as_table).into_iter().flatten() {
            if value.get("workspace") != Some(&Value::Boolean(true)) {
                let remedy = "move its version to [workspace.dependencies]";
                faults.push(Fault::of_file(&file, format!("pins `{name}` by itself"), remedy));
            }
        }
    }
    match library {
        None => faults.push(Fault::of_file(folder, "has no src/lib.rs", "a room is a library first")),
        Some(text) if !text.starts_with("//!") => {
            let remedy = "say in its first line what the crate is for";
            faults.push(Fault::of_line(&format!("{folder}/src/lib.rs"), 1, "does not start with `//!`", remedy));
        }
        Some(_) => {}
    }
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use super::{crate_of_the_house, dependencies};

    const MANIFEST: &str =
        "[workspace.dependencies]\norder = { path = \"x\" }\nserde = \"1\"\ntokio = { version = \"1\" }\n";

    #[track_caller]
    fn check(document: &str, expected: &[&str]) {
        let found = dependencies(MANIFEST, document).expect("a manifest");
        let found: Vec<&str> = found.iter().map(|fault| fault.what.as_str()).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn each_dependency_has_its_reason() {
        check("# D\n\n- `serde`: a\n- `tokio`: b\n", &[]);
        check("- `serde`: a\n", &["`tokio` of Cargo.toml is missing"]);
        check("- `serde`: a\n- `tokio`:\n", &["`tokio` has no reason"]);
        check("- `serde`: a\n- `tokio`: b\n- `nom`: c\n", &["`nom` is no dependency of the workspace"]);
        check("- `serde`: a\n- `tokio`: b\n- `serde`: c\n", &["`serde` stands here twice"]);
    }

    #[test]
    fn a_crate_inherits_and_explains_itself() {
        let good = "[package]\nname = \"a\"\nversion.workspace = true\nedition.workspace = true\n\
            rust-version.workspace = true\nlicense.workspace = true\n[dependencies]\nserde.workspace = true\n\
            [lints]\nworkspace = true\n";
        assert_eq!(crate_of_the_house("crates/a", good, Some("//! A.\n")).expect("a manifest"), []);
        let bad = good.replace("[lints]\nworkspace = true\n", "").replace("serde.workspace = true", "serde = \"1\"");
        let found = crate_of_the_house("crates/a", &bad, Some("mod a;\n")).expect("a manifest");
        let found: Vec<&str> = found.iter().map(|fault| fault.what.as_str()).collect();
        assert_eq!(found, ["does not inherit the lints", "pins `serde` by itself", "does not start with `//!`"]);
    }
}
