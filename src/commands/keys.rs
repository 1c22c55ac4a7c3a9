//! The public test keys, in the form to paste into a handler's environment.

use serde_json::json;

use super::plan;
use crate::cli::KeysArgs;
use crate::error::{Exit, Result};
use crate::providers::{Provider, everyone};
use crate::report::{Progress, Reporter, Style};

/// Prints the keys of one provider, or of all.
pub fn run(args: &KeysArgs, style: Style) -> Result<Exit> {
    let chosen: Vec<&Provider> = match &args.provider {
        Some(name) => vec![plan::provider(name)?],
        None => everyone().collect(),
    };
    let report = Reporter::new(style, Progress::none());
    for provider in chosen {
        let scheme = provider
            .schemes
            .first()
            .filter(|_| !provider.test_secret.is_empty());
        let text = match scheme {
            _ if style.json => {
                let line = json!({
                    "type": "key", "provider": provider.name, "scheme": scheme.map(|scheme| scheme.name),
                    "verify_with": scheme.map(|_| provider.test_public), "sign_with": scheme.map(|_| provider.test_secret),
                });
                format!("{line}\n")
            }
            None => format!(
                "# {}: nothing is signed, so there is no key\n\n",
                provider.title
            ),
            Some(_) if args.provider.is_some() => format!("{}\n", provider.test_public.trim_end()),
            Some(_) => {
                let name = provider.name.to_uppercase().replace('-', "_");
                format!(
                    "# {}\n{name}_WEBHOOK_KEY='{}'\n\n",
                    provider.title,
                    provider.test_public.trim_end()
                )
            }
        };
        report.data(text.as_bytes());
    }
    report.finish();
    Ok(Exit::Success)
}
