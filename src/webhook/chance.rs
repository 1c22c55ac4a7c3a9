//! Randomness that can be had again: the same seed gives the same run.

/// A small generator of numbers (SplitMix64, Steele, Lea and Flood 2014). Not for secrets.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// A generator that always gives the same numbers for the same seed.
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 up to but without `end`; 0 if `end` is 0.
    pub fn below(&mut self, end: usize) -> usize {
        match u64::try_from(end) {
            Ok(end @ 1..) => usize::try_from(self.next_u64() % end).unwrap_or(0),
            _ => 0,
        }
    }

    /// A fraction from 0 up to but without 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what a fraction holds")]
    pub fn fraction(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Another id of the same looks: digits for digits, hex for hex, letters for letters of the same case,
    /// anything else as it stands. The length and the prefix up to the last `_` stay.
    pub fn like(&mut self, example: &str) -> String {
        let start = example.rfind('_').map_or(0, |at| at + 1);
        let (prefix, id) = example.split_at(start);
        let all = |accepts: fn(&char) -> bool| id.chars().filter(char::is_ascii_alphanumeric).all(|c| accepts(&c));
        let alphabet: &[u8] = if all(|c| c.is_ascii_digit()) {
            b"0123456789"
        } else if all(|c| matches!(c, '0'..='9' | 'a'..='f')) {
            b"0123456789abcdef"
        } else {
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        };
        let mut out = String::from(prefix);
        for (at, c) in id.chars().enumerate() {
            // A leading zero would change a number's length.
            let floor = usize::from(at == 0 && c != '0' && alphabet.len() == 10);
            let drawn = alphabet.get(floor + self.below(alphabet.len() - floor)).copied().unwrap_or(b'0');
            out.push(if c.is_ascii_alphanumeric() { char::from(drawn) } else { c });
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::Chance;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let draw = |seed| {
            std::iter::repeat_with({
                let mut c = Chance::seeded(seed);
                move || c.next_u64()
            })
            .take(5)
            .collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        // The first output of the published reference for seed 0.
        assert_eq!(draw(0)[0], 0xE220_A839_7B1D_CDAF);
    }

    #[test]
    fn another_id_looks_like_the_first() {
        let mut chance = Chance::seeded(1);
        let id = chance.like("3c9d0e71-52ab-4f16-8d3e-90b7c4a1f268");
        assert_eq!(id.len(), 36);
        assert!(
            id.chars().enumerate().all(|(at, c)| if [8, 13, 18, 23].contains(&at) {
                c == '-'
            } else {
                c.is_ascii_hexdigit() && !c.is_ascii_uppercase()
            }),
            "{id}"
        );
        assert!(chance.like("msg_2zExampleAAAA").starts_with("msg_"));
        let number = chance.like("4611686018427391042");
        assert!(number.len() == 19 && !number.starts_with('0') && number.bytes().all(|b| b.is_ascii_digit()));
        assert_ne!(chance.like("abcdef0123456789"), chance.like("abcdef0123456789"));
    }
}
