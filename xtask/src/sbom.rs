//! `cargo xtask sbom`: what a release is made of, as documents of `CycloneDX`.
//!
//! `cargo metadata` knows what is really built for a target, and Cargo.lock the checksums; what remains is to write
//! them down, which needs no further program. The console's packages are listed by npm itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
    process::Command,
};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use crate::{
    console,
    steps::{capture, cargo, root},
};

/// What `cargo xtask sbom --help` prints.
pub(crate) const HELP: &str = "\
cargo xtask sbom: the bill of materials of a release, as CycloneDX 1.5 in JSON

    cargo xtask sbom [DIR]    write purser.cdx.json and console.cdx.json into DIR (target/sbom)

purser.cdx.json lists what the program is built of on this kind of machine, with licences and checksums of Cargo.lock;
what only builds it (build scripts, macros' own helpers) has the scope `excluded`. console.cdx.json is what `npm sbom`
says of the packages in the pages; without Node.js it is left out, and that is said.
";

/// `cargo xtask sbom`.
pub(crate) fn run(args: &[String]) -> Result<()> {
    let folder = match args {
        [] => root().join("target/sbom"),
        [folder] => PathBuf::from(folder),
        _ => bail!("unknown arguments; see `cargo xtask sbom --help`"),
    };
    fs::create_dir_all(&folder).with_context(|| format!("creating {}", folder.display()))?;
    let program = program()?;
    write(&folder.join("purser.cdx.json"), &program)?;
    if let Some(what) = console::missing() {
        println!("console.cdx.json is left out: {what}");
        return Ok(());
    }
    let mut npm = Command::new("npm");
    npm.args(["sbom", "--sbom-format", "cyclonedx", "--omit", "dev", "--package-lock-only"]);
    let text = capture(npm.current_dir(root().join("console")))?;
    let document = serde_json::from_str(&text).context("`npm sbom` did not print JSON")?;
    write(&folder.join("console.cdx.json"), &document)?;
    Ok(())
}

fn write(path: &std::path::Path, document: &Value) -> Result<()> {
    let mut text = serde_json::to_string_pretty(document)?;
    text.push('\n');
    fs::write(path, text).with_context(|| format!("writing {}", path.display()))?;
    let count = document["components"].as_array().map_or(0, Vec::len);
    println!("{}: {count} components", path.display());
    Ok(())
}

/// The document of the program for the machine that this runs on.
fn program() -> Result<Value> {
    let version = capture(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("rustc does not name its host")?;
    let text =
        capture(&mut cargo(&["metadata", "--format-version", "1", "--locked", "--filter-platform", host]))?;
    let metadata = serde_json::from_str(&text).context("`cargo metadata` did not print JSON")?;
    let lock = fs::read_to_string(root().join("Cargo.lock")).context("reading Cargo.lock")?;
    document(&metadata, &checksums(&lock)?, "purser")
}

/// Checksums of Cargo.lock, by name and version.
fn checksums(lock: &str) -> Result<BTreeMap<(String, String), String>> {
    let lock: toml::Table = lock.parse().context("Cargo.lock is not TOML")?;
    let packages =
        lock.get("package").and_then(toml::Value::as_array).context("Cargo.lock lists no packages")?;
    let text =
        |package: &toml::Value, key: &str| package.get(key).and_then(toml::Value::as_str).map(str::to_owned);
    Ok(packages
        .iter()
        .filter_map(|package| {
            Some(((text(package, "name")?, text(package, "version")?), text(package, "checksum")?))
        })
        .collect())
}

/// What a package needs: with the program, or only while it is built.
fn needs<'a>(node: &'a Value, kind: Option<&str>) -> impl Iterator<Item = &'a str> {
    let kind = kind.map_or(Value::Null, |kind| json!(kind));
    let deps = node["deps"].as_array().into_iter().flatten();
    deps.filter(move |dep| {
        dep["dep_kinds"].as_array().is_some_and(|kinds| kinds.iter().any(|found| found["kind"] == kind))
    })
    .filter_map(|dep| dep["pkg"].as_str())
}

/// Everything that is reached from a package, and of that what is in the program itself.
fn reached<'a>(
    nodes: &BTreeMap<&'a str, &'a Value>,
    root: &'a str,
) -> (BTreeSet<&'a str>, BTreeSet<&'a str>) {
    let (mut all, mut inside) = (BTreeSet::from([root]), BTreeSet::from([root]));
    let mut open = vec![(root, true)];
    while let Some((id, within)) = open.pop() {
        let Some(node) = nodes.get(id) else { continue };
        for next in needs(node, None) {
            let news = all.insert(next) | (within && inside.insert(next));
            if news {
                open.push((next, within));
            }
        }
        for next in needs(node, Some("build")) {
            if all.insert(next) {
                open.push((next, false));
            }
        }
    }
    (all, inside)
}

fn document(metadata: &Value, checksums: &BTreeMap<(String, String), String>, name: &str) -> Result<Value> {
    let packages = metadata["packages"].as_array().context("no packages")?;
    let by_id: BTreeMap<&str, &Value> =
        packages.iter().filter_map(|package| Some((package["id"].as_str()?, package))).collect();
    let nodes = metadata["resolve"]["nodes"].as_array().context("no resolved packages")?;
    let nodes: BTreeMap<&str, &Value> =
        nodes.iter().filter_map(|node| Some((node["id"].as_str()?, node))).collect();
    let root = by_id.iter().find(|(_, package)| package["name"] == name).map(|(id, _)| *id);
    let root = root.with_context(|| format!("there is no package {name}"))?;
    let (all, inside) = reached(&nodes, root);
    let package = |id: &str| by_id.get(id).copied().with_context(|| format!("{id} is not described"));
    let mut components = Vec::new();
    let mut dependencies = Vec::new();
    for id in &all {
        let node = nodes.get(id).with_context(|| format!("{id} is not resolved"))?;
        let on: BTreeSet<String> = needs(node, None)
            .chain(needs(node, Some("build")))
            .map(|id| package(id).map(reference))
            .collect::<Result<_>>()?;
        let own = package(id)?;
        dependencies.push(json!({ "ref": reference(own), "dependsOn": on }));
        if *id != root {
            components.push(component(own, checksums, inside.contains(id)));
        }
    }
    let mut own = component(package(root)?, checksums, true);
    own["type"] = json!("application");
    Ok(json!({
        "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
        "metadata": { "component": own, "tools": { "components": [{ "type": "application", "name": "cargo xtask sbom" }] } },
        "components": components, "dependencies": dependencies,
    }))
}

fn reference(package: &Value) -> String {
    format!("pkg:cargo/{}@{}", text(package, "name"), text(package, "version").replace('+', "%2B"))
}

fn text<'a>(package: &'a Value, key: &str) -> &'a str {
    package[key].as_str().unwrap_or_default()
}

fn component(package: &Value, checksums: &BTreeMap<(String, String), String>, inside: bool) -> Value {
    let (name, version) = (text(package, "name"), text(package, "version"));
    let mut component = json!({
        "type": "library", "bom-ref": reference(package), "name": name, "version": version,
        "scope": if inside { "required" } else { "excluded" }, "purl": reference(package),
    });
    if let Some(licence) = package["license"].as_str() {
        // Older crates separate alternatives by a slash, which SPDX expressions do not know.
        component["licenses"] = json!([{ "expression": licence.replace('/', " OR ") }]);
    }
    if let Some(checksum) = checksums.get(&(name.to_owned(), version.to_owned())) {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
    }
    if let Some(repository) = package["repository"].as_str().filter(|url| url.starts_with("https://")) {
        component["externalReferences"] = json!([{ "type": "vcs", "url": repository }]);
    }
    component
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made_up() -> Value {
        let package = |id: &str, name: &str, licence: &str| json!({ "id": id, "name": name, "version": "1.0.0", "license": licence, "repository": null });
        let dep = |id: &str, kinds: &[Option<&str>]| {
            let kinds: Vec<Value> = kinds.iter().map(|kind| json!({ "kind": kind })).collect();
            json!({ "pkg": id, "dep_kinds": kinds })
        };
        json!({
            "packages": [
                package("a", "app", "Apache-2.0"), package("b", "inside", "MIT/Apache-2.0"),
                package("c", "builds", "MIT"), package("d", "both", "MIT"), package("e", "tests", "MIT"),
            ],
            "resolve": { "nodes": [
                { "id": "a", "deps": [dep("b", &[None]), dep("c", &[Some("build")]), dep("e", &[Some("dev")])] },
                { "id": "b", "deps": [dep("d", &[None])] },
                { "id": "c", "deps": [dep("d", &[None])] },
                { "id": "d", "deps": [] }, { "id": "e", "deps": [] },
            ] },
        })
    }

    /// P24: what is in the program, what only builds it, and nothing of the tests.
    #[test]
    fn what_a_release_is_made_of_is_listed() {
        let lock = "[[package]]\nname = \"inside\"\nversion = \"1.0.0\"\nchecksum = \"ab\"\n";
        let document = document(&made_up(), &checksums(lock).unwrap(), "app").unwrap();
        let listed: Vec<(&str, &str)> = document["components"]
            .as_array()
            .unwrap()
            .iter()
            .map(|component| (text(component, "name"), text(component, "scope")))
            .collect();
        assert_eq!(listed, [("inside", "required"), ("builds", "excluded"), ("both", "required")]);
        assert_eq!(document["components"][0]["licenses"][0]["expression"], "MIT OR Apache-2.0");
        assert_eq!(document["components"][0]["hashes"][0]["content"], "ab");
        assert_eq!(document["metadata"]["component"]["bom-ref"], "pkg:cargo/app@1.0.0");
        assert_eq!(
            document["dependencies"][0],
            json!({ "ref": "pkg:cargo/app@1.0.0", "dependsOn": ["pkg:cargo/builds@1.0.0", "pkg:cargo/inside@1.0.0"] })
        );
    }
}
