//! Files of the inspector's page as they are embedded: without comments, and without white space that nothing but the
//! reader of the source needs. The names and the order of all that is left are those of the source.

/// Squeezes a module. Its statements end in `;` or `}`, so that a line may be joined to the next one after an operator.
pub(crate) fn script(source: &str) -> String {
    let mut squeezer = Squeezer {
        rest: source,
        out: String::with_capacity(source.len()),
    };
    while !squeezer.rest.is_empty() {
        squeezer.code();
        // A closing brace too many is not ours to mend.
        squeezer.copy(1);
    }
    squeezer.out
}

/// Squeezes a style sheet.
pub(crate) fn style(source: &str) -> String {
    let mut squeezer = Squeezer {
        rest: source,
        out: String::with_capacity(source.len()),
    };
    while let Some(next) = squeezer.next() {
        match next {
            '"' | '\'' => squeezer.quoted(next),
            _ if squeezer.gap().is_some() => {
                let before = squeezer.last();
                let joins = |c: char| "{};,>".contains(c);
                let after = squeezer.next();
                // A space before a colon can stand in a selector, `li :hover`.
                if !before.is_none_or(|c| joins(c) || c == ':') && !after.is_none_or(joins) {
                    squeezer.out.push(' ');
                }
            }
            '}' => {
                if squeezer.last() == Some(';') {
                    squeezer.out.pop();
                }
                squeezer.copy(1);
            }
            _ => squeezer.copy(1),
        }
    }
    squeezer.out
}

struct Squeezer<'a> {
    rest: &'a str,
    out: String,
}

impl Squeezer<'_> {
    /// Code up to the end, or up to the brace that closes what surrounds it.
    fn code(&mut self) {
        let mut depth = 0;
        while let Some(next) = self.next() {
            match next {
                '"' | '\'' => self.quoted(next),
                '`' => self.template(),
                '/' if self.expects_a_value() && !self.is_comment() => self.regular_expression(),
                '}' => {
                    // Nothing here is an empty statement.
                    if self.last() == Some(';') {
                        self.out.pop();
                    }
                    if depth == 0 {
                        return;
                    }
                    depth -= 1;
                    self.copy(1);
                }
                _ => match self.gap() {
                    Some(lines) => self.separate(lines),
                    None => {
                        depth += i32::from(next == '{');
                        self.copy(1);
                    }
                },
            }
        }
    }

    /// Skips white space and comments; gives true if a line ended there, nothing if there were none.
    fn gap(&mut self) -> Option<bool> {
        let from = self.rest;
        loop {
            let rest = self.rest.trim_start();
            self.rest = if rest.starts_with("/*") {
                rest.split_once("*/").map_or("", |(_, after)| after)
            } else if rest.starts_with("//") {
                rest.find('\n')
                    .map_or("", |end| rest.get(end..).unwrap_or(""))
            } else {
                rest
            };
            if self.rest.len() == rest.len() {
                break;
            }
        }
        let skipped = from.get(..from.len() - self.rest.len())?;
        (!skipped.is_empty()).then(|| skipped.contains('\n'))
    }

    /// Writes what has to stand between two tokens of a module.
    fn separate(&mut self, lines: bool) {
        let (Some(before), Some(after)) = (self.last(), self.next()) else {
            return;
        };
        let goes_on = "{([;,.:?=>|&".contains(before) || "})];,.:?=|&".contains(after);
        let is_word = |c: char| c.is_alphanumeric() || "_$#".contains(c);
        if lines && !goes_on {
            self.out.push('\n');
        } else if (is_word(before) && is_word(after)) || (before == after && "+-/".contains(after))
        {
            self.out.push(' ');
        }
    }

    /// A template with the code in it.
    fn template(&mut self) {
        let markup = self.out.ends_with("html");
        let mut in_tag = false;
        self.copy(1);
        while let Some(next) = self.next() {
            match next {
                '\\' => self.copy(2),
                '`' => return self.copy(1),
                '$' if self.rest.starts_with("${") => {
                    self.copy(2);
                    self.code();
                    self.copy(1);
                }
                '\n' if markup => self.end_of_markup_line(),
                '"' if markup && in_tag && self.last() == Some('=') => self.attribute(),
                _ => {
                    in_tag = (in_tag || next == '<') && next != '>';
                    self.copy(1);
                }
            }
        }
    }

    /// Skips the end of a line and the next one's indentation: htm drops them beside elements, and elsewhere they are a space.
    fn end_of_markup_line(&mut self) {
        self.rest = self.rest.trim_start();
        let beside = |c: Option<char>, marks: &str| c.is_none_or(|c| marks.contains(c));
        if !beside(self.last(), ">`") && !beside(self.next(), "<`") {
            self.out.push('\n');
        }
    }

    /// Copies the value of an attribute, without its quotes if it is one word.
    fn attribute(&mut self) {
        let value = self.rest.get(1..).and_then(|rest| rest.split_once('"'));
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        match value {
            Some((value, rest)) if !value.is_empty() && value.chars().all(is_word) => {
                self.out.push_str(value);
                self.rest = rest;
            }
            _ => self.copy(1),
        }
    }

    fn quoted(&mut self, quote: char) {
        self.copy(1);
        while let Some(next) = self.next() {
            self.copy(if next == '\\' { 2 } else { 1 });
            if next == quote {
                return;
            }
        }
    }

    fn regular_expression(&mut self) {
        let mut in_class = false;
        self.copy(1);
        while let Some(next) = self.next() {
            self.copy(if next == '\\' { 2 } else { 1 });
            match next {
                '[' => in_class = true,
                ']' => in_class = false,
                '/' if !in_class => return,
                _ => {}
            }
        }
    }

    /// True where a value begins, so that a slash does not divide.
    fn expects_a_value(&self) -> bool {
        let out = self.out.trim_end();
        out.ends_with("return")
            || out
                .chars()
                .last()
                .is_none_or(|c| "({[,;:=!&|?>+-*~}".contains(c))
    }

    fn is_comment(&self) -> bool {
        self.rest.starts_with("//") || self.rest.starts_with("/*")
    }

    fn next(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn last(&self) -> Option<char> {
        self.out.chars().last()
    }

    /// Copies some characters.
    fn copy(&mut self, count: usize) {
        let end = self
            .rest
            .char_indices()
            .nth(count)
            .map_or(self.rest.len(), |(at, _)| at);
        let (taken, rest) = self.rest.split_at(end);
        self.out.push_str(taken);
        self.rest = rest;
    }
}
