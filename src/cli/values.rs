//! Values as people write them: spans, moments, sizes, kinds.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use clap::ValueEnum;
use jiff::{SignedDuration, Timestamp};

use crate::webhook::{Grep, Kind, StatusFilter, Verdict};

/// Format of the results, for `--report` of `check` and `replay`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Report {
    /// Text for people
    Text,
    /// One JSON object per line, as `--json`
    Json,
    /// JUnit XML
    Junit,
    /// Test Anything Protocol
    Tap,
}

/// A span such as `250ms`, `2s`, `5m`, `1h`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wanted = || format!("`{text}` is not a duration; write `250ms`, `2s`, `5m` or `1h`");
    let span: SignedDuration = text.parse().map_err(|_| wanted())?;
    Duration::try_from(span).map_err(|_| wanted())
}

/// A rate such as `100/s` or `5/m`, as the time between two; without a unit it is by the second.
pub(super) fn rate(text: &str) -> Result<Duration, String> {
    let wanted = || {
        format!(
            "`{text}` is not a rate; write `100/s`, `5/m` or `20/h`, at most a million a second"
        )
    };
    let (number, unit) = text.split_once('/').unwrap_or((text, "s"));
    let unit = match unit {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err(wanted()),
    };
    if !number.bytes().all(|b| b.is_ascii_digit() || b == b'.') {
        return Err(wanted());
    }
    let number: f64 = number.parse().map_err(|_| wanted())?;
    let gap = unit / number;
    if !(0.000_001..=86_400.0 * 365.0).contains(&gap) {
        return Err(wanted());
    }
    Ok(Duration::from_secs_f64(gap))
}

/// Factor by which to go faster than recorded; none for no waiting at all.
pub(super) type Speed = Option<f64>;

/// Parses a factor by which to go faster than recorded: `original`, `2x`, `max`; none for no waiting at all.
pub(super) fn speed(text: &str) -> Result<Speed, String> {
    match text {
        "max" => return Ok(None),
        "original" => return Ok(Some(1.0)),
        _ => {}
    }
    text.strip_suffix('x')
        .filter(|number| number.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
        .and_then(|number| number.parse().ok())
        .filter(|factor: &f64| (0.001..=1e6).contains(factor))
        .map(Some)
        .ok_or_else(|| format!("`{text}` is not a speed; write `original`, `2x`, `0.5x` or `max`"))
}

/// A moment: RFC 3339, or a span back from now.
pub(crate) fn time(text: &str) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    let back = duration(text).map_err(|_| {
        format!("`{text}` is not a time; write RFC 3339, or a time span before now such as `2h`")
    })?;
    Timestamp::now()
        .checked_sub(back)
        .map_err(|_| format!("`{text}` is too long ago"))
}

/// A number of deliveries that is not zero.
pub(super) fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|number| *number > 0)
        .ok_or_else(|| format!("`{text}` is not a number of deliveries; write 1 or more"))
}

/// A size such as `64KiB`, `1MiB`, in bytes.
pub(super) fn size(text: &str) -> Result<usize, String> {
    let split = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kib" => 1 << 10,
        "kb" => 1_000,
        "m" | "mib" => 1 << 20,
        "mb" => 1_000_000,
        "g" | "gib" => 1 << 30,
        _ => 0,
    };
    number
        .parse::<usize>()
        .ok()
        .and_then(|number| number.checked_mul(factor))
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| format!("`{text}` is not a size; write `64KiB` or `1MiB`"))
}

/// A kind by its name, with a guess at what was meant.
pub(crate) fn kind(text: &str) -> Result<Kind, String> {
    Kind::from_name(text).ok_or_else(|| {
        let known = Kind::ALL.map(Kind::name);
        let guess = crate::webhook::nearest(text, known)
            .map(|near| format!("; did you mean `{near}`?"))
            .unwrap_or_else(|| ".".into());
        format!(
            "unknown event kind{guess} The kinds are {}",
            known.join(", ")
        )
    })
}

/// The status of a recorded response: a class, a code, or `none`.
pub(crate) fn status_class(text: &str) -> Result<StatusFilter, String> {
    StatusFilter::parse(text)
        .map_err(|_| format!("`{text}` is not a status; write `5xx`, `404`, `500-503` or `none`"))
}

/// A verdict on a signature, by its name.
pub(crate) fn verdict(text: &str) -> Result<Verdict, String> {
    Verdict::from_name(text).ok_or_else(|| {
        format!(
            "`{text}` is not a verdict; the verdicts are verified, test-key, unsigned, unchecked, refused"
        )
    })
}

/// A text to search for.
pub(super) fn text(text: &str) -> Result<Grep, String> {
    match text {
        "" => Err("an empty text matches everything".into()),
        text => Ok(Grep::new(text)),
    }
}

/// A kind and how many of it: `bounce`, `click=2`; one if it does not say.
pub(super) fn expected(text: &str) -> Result<(Kind, u64), String> {
    match text.split_once('=') {
        None => Ok((kind(text)?, 1)),
        Some((name, number)) => Ok((
            kind(name)?,
            number
                .parse()
                .map_err(|_| format!("`{number}` is not a number of events"))?,
        )),
    }
}

/// Parses a target to forward to, after the kinds of event that it is for: `:3000`, `bounce,complaint=:3001`.
pub(super) fn route(text: &str) -> Result<(Vec<Kind>, String), String> {
    // A URL may have a `=` too, but nothing that looks like names of kinds in front of it.
    let is_names = |text: &str| text.bytes().all(|b| b.is_ascii_alphabetic() || b == b',');
    match text.split_once('=') {
        Some((kinds, target)) if is_names(kinds) => {
            let kinds: Result<_, _> = kinds.split(',').map(kind).collect();
            Ok((kinds?, target.to_owned()))
        }
        _ => Ok((Vec::new(), text.to_owned())),
    }
}

/// A share of all: `0.3` or `30%`.
pub(super) fn share(text: &str) -> Result<f64, String> {
    let number = match text.strip_suffix('%') {
        Some(percent) => percent.parse().map(|percent: f64| percent / 100.0),
        None => text.parse(),
    };
    number
        .ok()
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| format!("`{text}` is not a share; write `0.3` or `30%`"))
}

/// Parses a port, or an address of this machine: `4000`, `:4000`, `localhost:4000`, `[::1]:4000`.
pub(super) fn loopback(text: &str) -> Result<SocketAddr, String> {
    let (host, port) = text.rsplit_once(':').unwrap_or(("", text));
    let wanted = || format!("`{text}` is not a port; write `:4000`, or `:0` for any free port");
    let port: u16 = port.parse().map_err(|_| wanted())?;
    let host = match host {
        "" | "localhost" => Ipv4Addr::LOCALHOST.into(),
        host => {
            let bare = host.trim_start_matches('[').trim_end_matches(']');
            bare.parse::<IpAddr>().map_err(|_| wanted())?
        }
    };
    match host.is_loopback() {
        true => Ok(SocketAddr::new(host, port)),
        false => Err(format!(
            "other machines could reach `{text}`; write `:{port}` for this machine"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::{duration, rate, route, share, size, speed, time};
    use std::time::Duration;

    #[test]
    fn durations_sizes_and_times_are_what_people_write() {
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(duration("1h"), Ok(Duration::from_secs(3600)));
        for odd in ["", "5", "-2s", "soon", "1d"] {
            assert!(duration(odd).is_err(), "{odd}");
        }
        assert_eq!(size("64KiB"), Ok(65_536));
        assert_eq!(size("1MiB"), Ok(1_048_576));
        assert_eq!(size("12"), Ok(12));
        for odd in ["", "MiB", "-1", "1XB", "0", "99999999999999999999"] {
            assert!(size(odd).is_err(), "{odd}");
        }
        assert!(
            time("2026-01-02T00:00:00Z").is_ok()
                && time("2h").is_ok()
                && time("yesterday").is_err()
        );
    }

    #[test]
    fn a_route_is_kinds_and_a_target_or_a_target_alone() {
        use crate::webhook::Kind::{Bounce, Complaint};
        let target = |text: &str| text.to_owned();
        assert_eq!(route(":3000"), Ok((vec![], target(":3000"))));
        assert_eq!(
            route("localhost:1/a?b=c"),
            Ok((vec![], target("localhost:1/a?b=c")))
        );
        assert_eq!(
            route("bounce,complaint=:1/?a=b"),
            Ok((vec![Bounce, Complaint], target(":1/?a=b")))
        );
        assert!(route("bonce=:1").unwrap_err().contains("`bounce`"));
        assert!(route("=:1").is_err());
    }

    #[test]
    fn a_share_is_a_fraction_or_a_percentage() {
        assert_eq!(share("0.3"), Ok(0.3));
        assert_eq!(share("30%"), Ok(0.3));
        assert_eq!(share("1"), Ok(1.0));
        for odd in ["", "-0.1", "1.1", "101%", "NaN", "inf", "half"] {
            assert!(share(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn rates_and_speeds_are_what_people_write() {
        assert_eq!(rate("100/s"), Ok(Duration::from_millis(10)));
        assert_eq!(rate("5/m"), Ok(Duration::from_secs(12)));
        assert_eq!(rate("0.5/s"), rate("30/m"));
        assert_eq!(rate("20"), rate("20/s"));
        for odd in [
            "",
            "0/s",
            "NaN",
            "1e9",
            "-1/s",
            "2000000/s",
            "inf/s",
            "5/d",
            "/s",
            "0.0",
        ] {
            assert!(rate(odd).is_err(), "{odd}");
        }
        assert_eq!(
            (speed("max"), speed("original"), speed("2.5x")),
            (Ok(None), Ok(Some(1.0)), Ok(Some(2.5)))
        );
        for odd in ["", "x", "0x", "2", "-1x", "infx", "NaNx"] {
            assert!(speed(odd).is_err(), "{odd}");
        }
    }
}
