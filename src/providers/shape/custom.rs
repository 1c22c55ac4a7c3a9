//! Places of data that the sender of a message attaches to it: metadata, custom arguments, headers. Their names are
//! nobody's but his, so that none is unknown and none is missing.

use crate::providers::provider::{Placement, Provider};

/// Places of custom data in an event, as folded JSON pointers.
#[derive(Debug)]
pub(super) struct Custom(Vec<CustomPlace>);

#[derive(Debug)]
enum CustomPlace {
    /// Members of this object, but those with the prefix, which are the provider's.
    Below(&'static str, &'static str),
    /// Members of this object that are not known otherwise, and these of the example.
    Beside(&'static str, &'static [&'static str]),
}

impl Custom {
    /// Places that the form of a provider declares.
    pub(super) fn of(provider: &Provider) -> Custom {
        let mut places = Vec::new();
        let fields = &provider.fields;
        for placement in [&fields.metadata, &fields.tag, &fields.campaign] {
            add(placement, &mut places);
        }
        Custom(places)
    }

    /// True for a place with custom data. `is_known` if an example has it.
    pub(super) fn has(&self, pointer: &str, is_known: bool) -> bool {
        let Some((parent, name)) = pointer.rsplit_once('/') else {
            return false;
        };
        // Headers of a message, by name.
        let holder = parent.rsplit('/').next().unwrap_or_default();
        if !is_known && holder.eq_ignore_ascii_case("headers") {
            return true;
        }
        self.0.iter().any(|place| match place {
            CustomPlace::Below(at, "") => parent == *at,
            CustomPlace::Below(at, prefix) => parent == *at && !name.starts_with(prefix),
            CustomPlace::Beside(at, own) => parent == *at && (!is_known || own.contains(&name)),
        })
    }
}

fn add(placement: &Placement, places: &mut Vec<CustomPlace>) {
    match placement {
        // The provider's own members are there too.
        Placement::Members("") | Placement::Into("") => places.push(CustomPlace::Beside("", &[])),
        Placement::Members(at) | Placement::Into(at) => places.push(CustomPlace::Below(at, "")),
        Placement::MembersText(at) | Placement::ListText(at) => {
            places.push(CustomPlace::Below(at, ""))
        }
        Placement::There(all) => places.extend(all.iter().map(|at| CustomPlace::Below(at, ""))),
        // Where no name is the example's own, all of them are.
        Placement::Among(at, []) => places.push(CustomPlace::Below(at, "")),
        Placement::Among(at, own) => places.push(CustomPlace::Beside(at, own)),
        Placement::Lists(at, theirs) => places.push(CustomPlace::Below(at, theirs)),
        Placement::Each(all) | Placement::Either(all) => {
            all.iter().for_each(|one| add(one, places));
        }
        Placement::Nowhere
        | Placement::Text(_)
        | Placement::First(_)
        | Placement::List(_)
        | Placement::Named(_)
        | Placement::Pairs(..)
        | Placement::Instead(_) => {}
    }
}
