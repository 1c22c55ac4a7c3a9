//! `keys`: public test keys in the format for a handler's environment, or newly generated ones.

use std::path::Path;

use serde_json::json;

use crate::cli::KeysArgs;
use crate::commands::args;
use crate::error::{Error, Exit, Result};
use crate::io::keygen;
use crate::io::keygen::{NewSecret, NewSecretSpec};
use crate::providers::{Provider, certificate_path, everyone};
use crate::report::{OutputStyle, Progress, Reporter};
use crate::webhook::Scheme;

/// Prints the keys of one provider, or of all.
pub(super) fn run(args: &KeysArgs, style: OutputStyle) -> Result<Exit> {
    let chosen: Vec<&Provider> = match &args.provider {
        Some(name) => vec![args::provider(name)?],
        None => everyone()
            .filter(|provider| !args.new || scheme(provider).is_some())
            .collect(),
    };
    let report = Reporter::new(style, Progress::none());
    let is_alone = args.provider.is_some();
    for provider in chosen {
        let keys = KeyPair::of(provider, args)?;
        if let (Some(folder), Some(keys)) = (&args.out, &keys) {
            let text = keys.write(provider, folder)?;
            report.data(if style.json { "" } else { &text }.as_bytes());
        }
        let text = match style.json {
            true => line(provider, keys.as_ref(), args),
            false => text(provider, keys.as_ref(), args, &report),
        };
        report.data(text.as_bytes());
        if let Some(path) = certificate_path(provider)
            && is_alone
            && !args.new
            && !style.json
        {
            report.say(&format!(
                "`webhook-cli listen` serves this certificate at `{path}`; to name that address in a message, use \
                 `send --provider {} --set SigningCertURL=URL`",
                provider.name
            ));
        }
    }
    report.finish();
    Ok(Exit::Success)
}

/// Text for stdout; what is no key goes to stderr.
fn text(provider: &Provider, keys: Option<&KeyPair>, args: &KeysArgs, report: &Reporter) -> String {
    let title = provider.title;
    let is_alone = args.provider.is_some();
    match keys {
        Some(_) if args.out.is_some() => String::new(),
        None if is_alone => {
            report.say(&format!("{title} signs nothing, so there is no key"));
            String::new()
        }
        None => format!("# {title}: nothing is signed, so there is no key\n\n"),
        // The key alone, ready to be put into a variable.
        Some(keys) if args.new && is_alone => {
            if !keys.are_shared() {
                let key = &keys.verify_with;
                report.say(&format!("the handler's key for {title}:\n{key}"));
            }
            format!("{}\n", keys.sign_with)
        }
        Some(keys) if args.new => keys.both(provider),
        Some(keys) if is_alone => format!("{}\n", keys.verify_with),
        Some(keys) => {
            let name = provider.name.to_uppercase().replace('-', "_");
            let key = &keys.verify_with;
            format!("# {title}\n{name}_WEBHOOK_KEY='{key}'\n\n")
        }
    }
}

/// Signing key and verification key, as text; the same for a shared secret.
struct KeyPair {
    sign_with: String,
    verify_with: String,
}

fn scheme(provider: &Provider) -> Option<&'static Scheme> {
    let scheme = provider.schemes.first().copied();
    scheme.filter(|_| !provider.test_secret.is_empty())
}

impl KeyPair {
    /// Returns the test keys, or new ones with `--new`; none if the provider does not sign.
    fn of(provider: &Provider, args: &KeysArgs) -> Result<Option<KeyPair>> {
        let scheme = match (provider.schemes.first(), args.new) {
            // Credentials can be generated, but there are no public test credentials.
            (Some(scheme), true) => scheme,
            (Some(scheme), false) if !provider.test_secret.is_empty() => scheme,
            (None, true) => {
                return Err(Error::usage(format!(
                    "`{}` signs nothing, so it has no key",
                    provider.name
                )));
            }
            (_, false) => return Ok(None),
        };
        if !args.new {
            return Ok(Some(KeyPair {
                sign_with: provider.test_secret.trim_end().to_owned(),
                verify_with: provider.test_public.trim_end().to_owned(),
            }));
        }
        let NewSecret {
            sign_with,
            verify_with,
        } = keygen::mint(NewSecretSpec {
            form: scheme.key,
            like: provider.test_secret,
            verify_like: provider.test_public,
            ed25519: args.ed25519,
        })?;
        Ok(Some(KeyPair {
            sign_with,
            verify_with,
        }))
    }

    fn are_shared(&self) -> bool {
        self.sign_with == self.verify_with
    }

    /// Returns both keys with a comment line each, for `--new` of all providers.
    fn both(&self, provider: &Provider) -> String {
        let (title, name) = (provider.title, provider.name);
        if self.are_shared() {
            return format!(
                "# {title}: for the handler, and for `--secret {name}=file:PATH`\n{}\n\n",
                self.sign_with
            );
        }
        format!(
            "# {title}: to sign with, `--secret {name}=file:PATH`\n{}\n\n# {title}: for the handler\n{}\n\n",
            self.sign_with, self.verify_with
        )
    }

    /// Writes the keys into the folder of `--out` with mode 0600, and returns the `--secret` flag that reads them.
    fn write(&self, provider: &Provider, folder: &Path) -> Result<String> {
        let name = provider.name;
        let secret = folder.join(format!("{name}.secret"));
        keygen::write_new(&secret, &format!("{}\n", self.sign_with))?;
        let public = folder.join(format!("{name}.public"));
        let secret = format!("--secret {name}=file:{}", secret.display());
        if self.are_shared() {
            return Ok(format!("{secret}\n"));
        }
        keygen::write_new(&public, &format!("{}\n", self.verify_with))?;
        Ok(format!("{secret}\nfor the handler: {}\n", public.display()))
    }
}

fn line(provider: &Provider, keys: Option<&KeyPair>, args: &KeysArgs) -> String {
    let file = |end: &str| {
        let folder = args.out.as_ref()?;
        Some(folder.join(format!("{}.{end}", provider.name)))
    };
    // Keys written to owner-only files are not printed as well.
    let shown = keys.filter(|_| args.out.is_none());
    let mut line = json!({
        "type": "key", "provider": provider.name, "scheme": keys.and(provider.schemes.first()).map(|scheme| scheme.name),
        "new": args.new, "verify_with": shown.map(|keys| &keys.verify_with), "sign_with": shown.map(|keys| &keys.sign_with),
    });
    if let (Some(keys), Some(line)) = (keys, line.as_object_mut()) {
        if let Some(path) = file("secret") {
            line.insert("sign_with_file".into(), json!(path));
        }
        if let Some(path) = file("public").filter(|_| !keys.are_shared()) {
            line.insert("verify_with_file".into(), json!(path));
        }
        if let Some(path) = certificate_path(provider).filter(|_| !args.new) {
            line.insert("served_at".into(), json!(path));
        }
    }
    format!("{line}\n")
}
