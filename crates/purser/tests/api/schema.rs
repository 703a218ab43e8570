//! Checks answers against the committed contract: as much of JSON Schema as the contract uses.

use std::sync::LazyLock;

use serde_json::Value;

use crate::client::Answer;

pub(crate) static CONTRACT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../../api/openapi.json")).unwrap());

/// The operation that a request reaches.
fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let path: Vec<&str> = path.split('?').next()?.split('/').collect();
    let fits = |template: &str| {
        let parts: Vec<&str> = template.split('/').collect();
        parts.len() == path.len() && parts.iter().zip(&path).all(|(t, p)| t.starts_with('{') || t == p)
    };
    let paths = CONTRACT["paths"].as_object()?;
    // A literal path is meant before one with a parameter.
    let mut found: Vec<(&String, &Value)> = paths.iter().filter(|(template, _)| fits(template)).collect();
    found.sort_by_key(|(template, _)| template.matches('{').count());
    found.iter().find_map(|(_, item)| item.get(method.to_lowercase()))
}

/// Panics when the answer is not one that the contract promises.
pub(crate) fn check(method: &str, path: &str, answer: &Answer) {
    assert!(answer.headers.contains_key("x-request-id"), "{method} {path}: no request id");
    let Some(operation) = operation(method, path) else {
        assert!(matches!(answer.status, 404 | 405), "{method} {path} is not in the contract");
        return;
    };
    let responses = &operation["responses"];
    let response = responses.get(answer.status.to_string()).unwrap_or(&responses["default"]);
    assert!(
        answer.status >= 400 || responses.get(answer.status.to_string()).is_some(),
        "{method} {path}: status {} is not in the contract",
        answer.status
    );
    let Some(content) = response["content"].as_object() else { return };
    let given = answer.headers.get("content-type").map_or("", |t| t.split(';').next().unwrap_or_default());
    let media = content.get(given).unwrap_or_else(|| panic!("{method} {path}: content type {given}"));
    if given != "text/plain"
        && let Err(wrong) = validate(&answer.body, &media["schema"], "")
    {
        panic!("{method} {path} {}: {wrong}\n{}", answer.status, answer.body);
    }
}

fn validate(value: &Value, schema: &Value, at: &str) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = CONTRACT.pointer(reference.trim_start_matches('#'));
        return validate(value, target.ok_or_else(|| format!("no {reference}"))?, at);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let fitting = choices.iter().filter(|choice| validate(value, choice, at).is_ok()).count();
        return if fitting == 1 { Ok(()) } else { Err(format!("{at}: fits {fitting} of oneOf")) };
    }
    types(value, schema, at)?;
    if let Some(list) = schema["enum"].as_array()
        && !list.contains(value)
    {
        return Err(format!("{at}: {value} is not in the list"));
    }
    if let (Some(object), Some(properties)) = (value.as_object(), schema["properties"].as_object()) {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !object.contains_key(name) {
                return Err(format!("{at}/{name}: missing"));
            }
        }
        for (name, value) in object {
            let schema = properties.get(name).ok_or_else(|| format!("{at}/{name}: not in the contract"))?;
            validate(value, schema, &format!("{at}/{name}"))?;
        }
    }
    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
        validate(item, &schema["items"], &format!("{at}/{index}"))?;
    }
    Ok(())
}

fn types(value: &Value, schema: &Value, at: &str) -> Result<(), String> {
    let names: Vec<&str> = match &schema["type"] {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => return Ok(()),
    };
    let fits = |name: &&str| match *name {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    };
    if names.iter().any(fits) { Ok(()) } else { Err(format!("{at}: {value} is not {names:?}")) }
}
