//! Modules of `src`: for each file, the files that its code names, with the re-exports of a `mod.rs` followed. Comments,
//! texts and unit tests do not count.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// File of `src`, relative to it, and those that it names.
pub(crate) type Imports = BTreeMap<PathBuf, BTreeSet<PathBuf>>;

/// Path of names, such as `webhook::body::json`.
type Names = Vec<String>;

struct Module {
    names: Names,
    file: PathBuf,
    tokens: Vec<String>,
    /// Each import: the path as written, and the name it has here.
    imports: Vec<(Names, String)>,
}

/// Returns the imports between the files of `src`. A `mod.rs` that holds no function only lists its modules, and is
/// left out.
pub(crate) fn imports(source: &Path) -> Imports {
    let mut files = Vec::new();
    collect(source, &mut files);
    let modules: Vec<Module> = files
        .iter()
        .map(|file| Module::read(source, file))
        .collect();
    let by_names: BTreeMap<&[String], &Module> = modules
        .iter()
        .filter(|module| !module.names.is_empty())
        .map(|module| (module.names.as_slice(), module))
        .collect();
    let known = |names: &[String]| by_names.contains_key(names);
    let mut exports: BTreeMap<Names, Names> = BTreeMap::new();
    for module in modules.iter().filter(|module| module.is_list_file()) {
        for (path, name) in &module.imports {
            if let Some(target) = module.absolute(path, &known) {
                exports.insert(
                    [module.names.as_slice(), std::slice::from_ref(name)].concat(),
                    target,
                );
            }
        }
    }
    let kept =
        |module: &Module| !module.is_list_file() || module.tokens.iter().any(|it| it == "fn");
    let mut all = Imports::new();
    for module in modules.iter().filter(|module| kept(module)) {
        let found = module.paths(&known).into_iter();
        let found = found.filter_map(|path| resolved(path, &exports, &by_names, 0));
        let others = found.filter(|other| other.file != module.file && kept(other));
        let others = others.map(|other| other.file.clone()).collect();
        all.insert(module.file.clone(), others);
    }
    all
}

/// Groups of files that import each other, directly or through others.
pub(crate) fn circles(imports: &Imports) -> Vec<BTreeSet<&Path>> {
    let reached: BTreeMap<&Path, BTreeSet<&Path>> = imports
        .keys()
        .map(|file| {
            let (mut seen, mut left) = (BTreeSet::new(), vec![file.as_path()]);
            while let Some(next) = left.pop() {
                let others = imports.get(next).into_iter().flatten();
                left.extend(
                    others
                        .map(PathBuf::as_path)
                        .filter(|other| seen.insert(*other)),
                );
            }
            (file.as_path(), seen)
        })
        .collect();
    let mut groups: Vec<BTreeSet<&Path>> = Vec::new();
    for (file, others) in &reached {
        let circle = others
            .iter()
            .filter(|other| reached[**other].contains(file));
        let circle: BTreeSet<&Path> = circle.copied().collect();
        if !circle.is_empty() && !groups.contains(&circle) {
            groups.push(circle);
        }
    }
    groups
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|end| end == "rs") {
            files.push(path);
        }
    }
}

/// The module that a path from the root leads to.
fn resolved<'m>(
    path: Names,
    exports: &BTreeMap<Names, Names>,
    by_names: &BTreeMap<&[String], &'m Module>,
    depth: usize,
) -> Option<&'m Module> {
    let lengths = || (1..=path.len()).rev();
    let export = lengths().find_map(|length| Some((exports.get(&path[..length])?, length)));
    if let Some((target, length)) = export
        && depth < 8
        && target[..] != path[..length]
    {
        let rest = &path[length..];
        return resolved(
            [target.as_slice(), rest].concat(),
            exports,
            by_names,
            depth + 1,
        );
    }
    lengths().find_map(|length| by_names.get(&path[..length]).copied())
}

impl Module {
    fn read(source: &Path, file: &Path) -> Module {
        let file = file.strip_prefix(source).unwrap().to_owned();
        let parts = file.with_extension("");
        let mut names: Names = parts
            .iter()
            .map(|part| part.to_str().unwrap().to_owned())
            .collect();
        if matches!(names.last().unwrap().as_str(), "mod" | "lib" | "main") {
            names.pop();
        }
        let mut tokens = tokens(&std::fs::read_to_string(source.join(&file)).unwrap());
        let tests = ["#", "[", "cfg", "(", "test", ")", "]", "mod"];
        if let Some(end) = tokens.windows(tests.len()).position(|here| here == tests) {
            tokens.truncate(end);
        }
        let mut imports = Vec::new();
        for (at, pair) in tokens.windows(2).enumerate() {
            // `use<'a>` in a type captures a lifetime.
            if pair[0] == "use" && pair[1] != "<" {
                tree(&tokens, &mut (at + 1), &mut Vec::new(), &mut imports);
            }
        }
        Module {
            names,
            file,
            tokens,
            imports,
        }
    }

    fn is_list_file(&self) -> bool {
        self.file.ends_with("mod.rs")
    }

    /// The path from the root; none if it leads out of the crate.
    fn absolute(&self, path: &[String], known: &dyn Fn(&[String]) -> bool) -> Option<Names> {
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" => Some([&self.names, rest].concat()),
            "super" => {
                let up = path.iter().take_while(|it| *it == "super").count();
                let above = self.names.len().checked_sub(up)?;
                Some([&self.names[..above], &path[up..]].concat())
            }
            _ => {
                let own = [self.names.as_slice(), std::slice::from_ref(first)].concat();
                known(&own).then(|| [&self.names, path].concat())
            }
        }
    }

    /// Every path in the code that leads to a place in the crate, from the root.
    fn paths(&self, known: &dyn Fn(&[String]) -> bool) -> Vec<Names> {
        let imports = self.imports.iter();
        let imports: Vec<(Names, &str)> = imports
            .filter_map(|(path, name)| Some((self.absolute(path, known)?, name.as_str())))
            .collect();
        let mut all: Vec<Names> = imports.iter().map(|(path, _)| path.clone()).collect();
        let mut at = 0;
        while at < self.tokens.len() {
            let mut path = vec![self.tokens[at].clone()];
            at += 1;
            while let [sign, name, ..] = &self.tokens[at..]
                && sign == "::"
                && is_name(name)
            {
                path.push(name.clone());
                at += 2;
            }
            // Before a brace stands the beginning of several imports, which are known already.
            let is_begun =
                matches!(&self.tokens[at..], [sign, brace, ..] if sign == "::" && brace == "{");
            if path.len() == 1 || is_begun {
                continue;
            }
            let import = imports.iter().find(|(_, name)| *name == path[0]);
            match import {
                Some((target, _)) => all.push([target, &path[1..]].concat()),
                None => all.extend(self.absolute(&path, known)),
            }
        }
        all
    }
}

/// Reads a tree of imports at `at`, up to its end.
fn tree(tokens: &[String], at: &mut usize, path: &mut Names, found: &mut Vec<(Names, String)>) {
    let start = path.len();
    while let Some(token) = tokens.get(*at) {
        match token.as_str() {
            "{" => {
                *at += 1;
                while tokens.get(*at).is_some_and(|it| it != "}") {
                    tree(tokens, at, path, found);
                    if tokens.get(*at).is_some_and(|it| it == ",") {
                        *at += 1;
                    }
                }
                *at += 1;
                path.truncate(start);
                return;
            }
            "as" => *at += 2,
            "," | ";" | "}" => break,
            "::" => *at += 1,
            name => {
                path.push(name.to_owned());
                *at += 1;
            }
        }
    }
    let is_itself = path.last().is_some_and(|last| last == "self") && path.len() > 1;
    let whole = &path[..path.len() - usize::from(is_itself)];
    if let Some(name) = whole.last() {
        found.push((whole.to_vec(), name.clone()));
    }
    path.truncate(start);
}

fn is_name(token: &str) -> bool {
    token.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
}

/// Names, `::` and single signs of a text, without comments, texts and characters.
fn tokens(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if let Some(length) = raw_text(rest) {
            length
        } else if first == '"' {
            quoted(rest, '"')
        } else if first == '\'' {
            // A lifetime has no quote at its end.
            match rest.chars().nth(1) {
                Some('\\') => quoted(rest, '\''),
                Some(c) if rest[1 + c.len_utf8()..].starts_with('\'') => 2 + c.len_utf8(),
                _ => 1,
            }
        } else if is_name(rest) {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let length = end.unwrap_or(rest.len());
            all.push(rest[..length].to_owned());
            length
        } else {
            let length = if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            if !first.is_whitespace() {
                all.push(rest[..length].to_owned());
            }
            length
        };
        rest = &rest[length..];
    }
    all
}

/// Length of a raw text such as `r#"…"#`; none if there is none here.
fn raw_text(rest: &str) -> Option<usize> {
    let inner = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let marks = inner.len() - inner.trim_start_matches('#').len();
    inner[marks..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(marks));
    let start = rest.len() - inner.len() + marks + 1;
    Some(start + rest[start..].find(&end)? + end.len())
}

/// Length of a text or a character with its quotes.
fn quoted(rest: &str, quote: char) -> usize {
    let mut signs = rest.char_indices().skip(1);
    while let Some((at, sign)) = signs.next() {
        match sign {
            '\\' => {
                signs.next();
            }
            sign if sign == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}
