//! Parser of `Signature-Input` and `Signature` (RFC 9421), which are dictionaries of structured fields (RFC 9651).

/// Most labels that are read; more are an attack on our computing time.
pub(crate) const MOST_LABELS: usize = 16;

/// Member of a dictionary (RFC 9651).
pub(crate) struct DictionaryMember<'a> {
    pub(crate) label: &'a str,
    /// The whole member, as it was sent.
    pub(crate) whole: &'a str,
    /// Value after `label=`.
    pub(crate) value: &'a str,
}

/// Components and parameters of one signature.
pub(crate) struct SignatureInput<'a> {
    pub(crate) label: &'a str,
    /// Value after `label=`, which is signed unchanged.
    pub(crate) text: &'a str,
    pub(crate) parts: Vec<Component<'a>>,
    pub(crate) parameters: Vec<(&'a str, &'a str)>,
}

/// Covered component of the request.
pub(crate) struct Component<'a> {
    /// The component as it was sent: the quoted name and its parameters.
    pub(crate) text: &'a str,
    pub(crate) name: &'a str,
    pub(crate) parameters: Vec<(&'a str, &'a str)>,
}

impl SignatureInput<'_> {
    /// Text of a parameter; none if it is missing.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let mut all = self.parameters.iter();
        all.find(|(at, _)| *at == name).map(|(_, value)| *value)
    }

    /// True if the digest of the body is a component.
    pub(crate) fn covers_body(&self) -> bool {
        let mut parts = self.parts.iter();
        parts.any(|part| part.name == "content-digest" && part.parameters.is_empty())
    }
}

/// Parses the components and parameters of the first label.
pub(crate) fn input(text: &str) -> Result<SignatureInput<'_>, String> {
    let member = members(text)?.into_iter().next();
    let member = member.ok_or("no signature: header `signature-input` is missing")?;
    let mut parser = Parser(member.value);
    let parts = parser
        .components()
        .ok_or("header `signature-input` does not list the signed components")?;
    let parameters = parser.parameters().filter(|_| parser.0.is_empty());
    Ok(SignatureInput {
        label: member.label,
        text: member.value,
        parts,
        parameters: parameters.ok_or("header `signature-input` has an invalid parameter")?,
    })
}

/// Parses the members of a dictionary. A repeated label is ambiguous, and thus an error.
pub(crate) fn members(text: &str) -> Result<Vec<DictionaryMember<'_>>, String> {
    let odd = || String::from("the list of signatures cannot be parsed");
    let mut parser = Parser(text);
    let mut members: Vec<DictionaryMember> = Vec::new();
    parser.white();
    while !parser.0.is_empty() {
        let from = parser.0;
        let label = parser.key().ok_or_else(odd)?;
        let value = parser.eat('=').map(|()| parser.0).ok_or_else(odd)?;
        match value.starts_with('(') {
            true => parser.components().map(|_| ()),
            false => parser.bare().map(|_| ()),
        }
        .and_then(|()| parser.parameters())
        .ok_or_else(odd)?;
        if members.iter().any(|other| other.label == label) {
            return Err(format!("the label `{label}` is given more than once"));
        }
        members.push(DictionaryMember {
            label,
            whole: before(from, parser.0),
            value: before(value, parser.0),
        });
        parser.white();
        if parser.0.is_empty() {
            break;
        }
        parser.eat(',').ok_or_else(odd)?;
        parser.white();
        if parser.0.is_empty() || members.len() > MOST_LABELS {
            return Err(odd());
        }
    }
    Ok(members)
}

/// The part of a text that precedes `rest`, which is its end.
fn before<'a>(text: &'a str, rest: &str) -> &'a str {
    text.get(..text.len() - rest.len()).unwrap_or_default()
}

/// Parser of structured fields: the text that remains to be parsed.
struct Parser<'a>(&'a str);

impl<'a> Parser<'a> {
    fn white(&mut self) {
        self.0 = self.0.trim_start_matches([' ', '\t']);
    }

    fn eat(&mut self, wanted: char) -> Option<()> {
        self.0 = self.0.strip_prefix(wanted)?;
        Some(())
    }

    fn take(&mut self, is_wanted: impl Fn(char) -> bool) -> Option<&'a str> {
        let end = self.0.find(|c| !is_wanted(c)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        Some(taken).filter(|taken| !taken.is_empty())
    }

    fn key(&mut self) -> Option<&'a str> {
        let key = self.take(|c| {
            c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.' | '*')
        })?;
        Some(key).filter(|key| key.starts_with(|c: char| c.is_ascii_lowercase() || c == '*'))
    }

    /// Parses an item: a quoted string, bytes between colons, or a plain token or number.
    fn bare(&mut self) -> Option<&'a str> {
        let from = self.0;
        match from.chars().next()? {
            '"' => self.text().map(|_| before(from, self.0)),
            ':' => {
                self.eat(':')?;
                let _ = self.take(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '='));
                self.eat(':')?;
                Some(before(from, self.0))
            }
            _ => self.take(|c| c.is_ascii_graphic() && !matches!(c, ',' | ';' | '(' | ')' | '"')),
        }
    }

    /// Parses a quoted string, and returns its content.
    fn text(&mut self) -> Option<&'a str> {
        self.eat('"')?;
        let inside = self.0;
        loop {
            let _ = self.take(|c| c != '"' && c != '\\' && (' '..='~').contains(&c));
            if self.0.starts_with('"') {
                let text = before(inside, self.0);
                self.eat('"')?;
                return Some(text);
            }
            self.eat('\\')?;
            self.0 = self.0.strip_prefix(['"', '\\'])?;
        }
    }

    fn parameters(&mut self) -> Option<Vec<(&'a str, &'a str)>> {
        let mut parameters = Vec::new();
        while self.eat(';').is_some() {
            self.white();
            let name = self.key()?;
            let value = match self.eat('=') {
                Some(()) => self.bare()?,
                None => "",
            };
            parameters.push((name, value));
        }
        Some(parameters)
    }

    fn components(&mut self) -> Option<Vec<Component<'a>>> {
        self.eat('(')?;
        let mut components = Vec::new();
        loop {
            self.white();
            if self.eat(')').is_some() {
                return Some(components);
            }
            let from = self.0;
            let name = self.text()?;
            let parameters = self.parameters()?;
            components.push(Component {
                text: before(from, self.0),
                name,
                parameters,
            });
            if !self.0.starts_with([' ', ')']) {
                return None;
            }
        }
    }
}
