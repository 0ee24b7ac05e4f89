//! Lists of requirements: read, vetted line by line, with the files that their lines name.

use std::path::Path;

use super::{Reader, SIZE_LIMIT, below};
use crate::boundary::BoundaryError;
use crate::context::Content;
use crate::diagnostic::Diagnostic;
use crate::frontend::credentials;
use crate::installers::pip::{self, Argument, Kind};
use crate::project;
use crate::userinfo::has_userinfo;

/// Most lines of one file that are reported.
const TOLD: usize = 3;

impl Reader<'_> {
    /// Reads a requirement file on disk.
    pub(super) fn list(&mut self, path: String, disk: &Path) -> Option<(String, String)> {
        let bytes = self.checked(self.boundary.read(disk, SIZE_LIMIT))?;
        let text = match pip::text(&bytes) {
            Ok(text) => text,
            Err(problem) => {
                self.refuse(format!("`{path}`: {}", problem.message), problem.hint);
                return None;
            }
        };
        let (path, text, bytes) = match project::lines(disk, &text) {
            None => (path, text, bytes),
            Some(said) => {
                let lines = self.of_project(&path, said)?;
                (format!("{path}.txt"), lines.clone(), lines.into_bytes())
            }
        };
        if self.resolved.files.iter().any(|known| known.path == path) {
            return Some((path, text));
        }
        if !self.add(path.clone(), Content::Bytes(Vec::new())) {
            return None;
        }
        let folder = disk.parent().unwrap_or(Path::new("")).to_path_buf();
        let in_image = Path::new(&path).parent().unwrap_or(Path::new("")).to_path_buf();
        let (vetted, is_rewritten) =
            self.vetted(&path, &text, |reader, argument| reader.nested(argument, &folder, &in_image));
        let bytes = if is_rewritten { vetted.clone().into_bytes() } else { bytes };
        self.replace(&path, bytes);
        Some((path, if is_rewritten { vetted } else { text }))
    }

    /// The requirements of a project or a lock, one per line.
    fn of_project(&mut self, path: &str, said: project::Lines) -> Option<String> {
        match said {
            Ok((lines, left_out)) => {
                for what in left_out {
                    let message = format!("`{path}`: {what}");
                    let warning = Diagnostic::warning("project-requirements", message);
                    self.report(warning.hint("name it in a line such as `# pip install numpy`"));
                }
                Some(lines.iter().map(|line| format!("{line}\n")).collect())
            }
            Err(reason) => {
                self.refuse(format!("`{path}`: {reason}"), "correct it, or name a requirement file");
                None
            }
        }
    }

    /// The words of a line's argument in the image, if they have to change.
    fn nested(&mut self, argument: &Argument, folder: &Path, in_image: &Path) -> Option<Vec<String>> {
        let place = argument.place()?.to_owned();
        let is_list = matches!(argument.kind, Kind::Requirements(_) | Kind::Constraints(_));
        if pip::is_url(&place) {
            let (path, _) = if is_list { self.fetch(&place)? } else { return None };
            return Some(argument.placed(&climbing(in_image, &path)));
        }
        if !is_list && (matches!(argument.kind, Kind::Editable(_)) || !pip::is_archive(&place)) {
            return self.package(&place, argument).map(|_| Vec::new());
        }
        // pip looks for files that lists name beside the list, and for packages in its working directory.
        let (disk, path) = if is_list {
            (folder.join(&place), below(&in_image.join(&place)))
        } else {
            (self.folders[1].join(&place), below(Path::new(&place)))
        };
        let real = match self.boundary.file(&disk) {
            Err(BoundaryError::Missing(_)) => {
                let message = format!("the requirement file `{place}` is missing: another one names it");
                self.lacks(message, "put it beside the file that names it");
                return None;
            }
            found => self.checked(found)?,
        };
        let path = self.inside(path, &place)?;
        if is_list {
            self.list(path, &disk);
        } else {
            self.add(path, Content::Disk(real));
        }
        None
    }

    /// A path in the image, unless it leads above its working directory.
    pub(super) fn inside(&mut self, path: Option<String>, named: &str) -> Option<String> {
        if path.is_none() {
            self.refuse(
                format!("`{named}` leads out of the image's working directory"),
                "put the file below the one that names it",
            );
        }
        path
    }

    /// Vets every line of a list by the grammar; gives the lines, and whether `follow` has changed any.
    pub(super) fn vetted(
        &mut self,
        name: &str,
        text: &str,
        follow: impl Fn(&mut Self, &Argument) -> Option<Vec<String>>,
    ) -> (String, bool) {
        let (mut vetted, mut is_rewritten, mut wrong) = (String::new(), false, 0);
        for pip::Line { number, arguments } in pip::lines(text) {
            let arguments = match arguments {
                Ok(arguments) => arguments,
                Err(problem) => {
                    wrong += 1;
                    if wrong <= TOLD {
                        let message = format!("`{name}`, line {number}: {}", problem.message);
                        self.refuse(message, problem.hint);
                    }
                    continue;
                }
            };
            let mut parts = Vec::new();
            let mut has_credentials = false;
            for argument in arguments {
                let words = follow(self, &argument);
                is_rewritten |= words.is_some();
                let mut words = words.unwrap_or_else(|| argument.words.clone());
                has_credentials |= credentials::take_out_of(words.iter_mut());
                parts.push(Argument { words, ..argument }.line());
            }
            if has_credentials {
                self.report(credentials::in_requirement(&format!("`{name}`, line {number}: ")));
            }
            vetted.push_str(&parts.join(" "));
            vetted.push('\n');
        }
        // What is written anew has no comments either, which may hold credentials too.
        is_rewritten |= text.lines().any(has_userinfo);
        if wrong > TOLD {
            self.refuse(
                format!("`{name}` has {} more lines that are wrong", wrong - TOLD),
                "is it a requirement file?",
            );
        }
        (vetted, is_rewritten)
    }
}

/// The relative path from a folder of the image to a file below its working directory.
fn climbing(folder: &Path, path: &str) -> String {
    let up = folder.components().map(|_| "../");
    up.chain([path]).collect()
}
