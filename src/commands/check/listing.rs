//! `check --list` and `check --explain`.

use serde_json::json;

use crate::checks::{Check, Page};
use crate::providers::Provider;

/// Page that a check is based on.
pub(crate) fn page(check: &Check, provider: Option<&'static Provider>) -> &'static str {
    match (check.page, provider) {
        (Page::At(url), _) => url,
        (Page::Provider, Some(provider)) => provider.docs,
        (Page::Provider, None) => "the provider's own page: see `webhook-cli events PROVIDER`",
    }
}

/// List of checks, by group.
pub(crate) fn listed(checks: &[&'static Check], as_json: bool) -> String {
    let mut out = String::new();
    let mut group = "";
    let width = checks
        .iter()
        .map(|check| check.name.len())
        .max()
        .unwrap_or(0);
    for check in checks {
        if as_json {
            let line = json!({
                "type": "check", "check": check.name, "group": check.group.name(), "title": check.title,
            });
            out += &format!("{line}\n");
            continue;
        }
        if group != check.group.name() {
            group = check.group.name();
            out += &format!("{group}\n");
        }
        out += &format!("  {:width$}  {}\n", check.name, check.title);
    }
    out
}

/// Description of a check.
pub(crate) fn explained(
    check: &'static Check,
    provider: Option<&'static Provider>,
    as_json: bool,
) -> String {
    let page = page(check, provider);
    if as_json {
        let line = json!({
            "type": "check", "check": check.name, "group": check.group.name(), "title": check.title,
            "sends": check.sends, "expects": check.expects, "why": check.why, "advice": check.advice, "page": page,
        });
        return format!("{line}\n");
    }
    format!(
        "{} ({})\n\n  {}\n\nSent\n  {}\n\nExpected\n  {}\n\nWhy\n  {}\n\nWhat to do\n  {}\n\nBased on\n  {page}\n",
        check.name,
        check.group.name(),
        check.title,
        check.sends,
        check.expects,
        check.why,
        check.advice,
    )
}
