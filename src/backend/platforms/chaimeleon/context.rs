//! The files of an interactive image: its init script and what that starts, icons, and how the browser behaves.

use serde::Serialize;

use super::super::super::{BuildFile, template};
use super::interactive::{Interactive, Interface};
use super::services::services;

/// Folder of the build context with the init script and what it starts.
const INIT: &str = "interactive/init";

/// Folder of the build context with what is the user's own.
const HOME: &str = "interactive/home";

/// Folder of the build context with how the browser behaves.
const BROWSER: &str = "interactive/browser";

/// Where the scripts of [`INIT`] are in the image.
const SCRIPTS: &str = "/home/chaimeleon/.init";

/// A file of [`FIXED`] by its folder and name in the build context and its place below `templates/platforms/chaimeleon`.
macro_rules! fixed {
    ($folder:expr, $name:literal, $place:literal) => {
        ($folder, $name, include_str!(concat!("../../../../templates/platforms/chaimeleon/", $place)))
    };
}

/// Files of the build context that are the same in every image.
const FIXED: &[(&str, &str, &str)] = &[
    fixed!(INIT, "run.sh", "init/run.sh"),
    fixed!(INIT, "with-display.sh", "init/with-display.sh"),
    fixed!(INIT, "register.py", "init/register.py"),
    fixed!(HOME, ".config/libfm/libfm.conf", "home/libfm.conf"),
    fixed!(HOME, ".config/gtk-3.0/settings.ini", "home/gtk-3.0.ini"),
    fixed!(HOME, ".gtkrc-2.0", "home/gtkrc-2.0"),
];

/// How Firefox behaves where there is no Internet and nobody to answer its questions.
const FIREFOX: &[(&str, &str, &str)] = &[
    fixed!(BROWSER, "policies.json", "browser/policies.json"),
    fixed!(BROWSER, "preferences.js", "browser/preferences.js"),
];

#[derive(Serialize)]
struct Script<'a> {
    name: &'a str,
    command: String,
}

#[derive(Serialize)]
struct Page {
    page: String,
}

#[derive(Serialize)]
struct Entry<'a> {
    name: &'a str,
    program: String,
    icon: &'a str,
}

impl Interactive<'_> {
    /// The files of the build context.
    pub(crate) fn files(&self) -> Vec<BuildFile> {
        let browser = if self.interface == Interface::Desktop { &[][..] } else { FIREFOX };
        let fixed = FIXED.iter().chain(browser).map(|(folder, name, text)| file(folder, name, *text));
        let page = self.start_page().map(|page| {
            let page = template::shell(&[vec![page]]);
            file(
                INIT,
                "open-page.sh",
                template::render("platforms/chaimeleon/init/open-page.sh", &Page { page }),
            )
        });
        let supervisor = template::render("platforms/chaimeleon/init/supervisord.conf", &services(self));
        let supervisor = file(INIT, "supervisord.conf", supervisor);
        fixed.chain(page).chain([supervisor]).chain(self.programs()).chain(self.icons()).collect()
    }

    /// What starts the application: by itself, and in a terminal.
    fn programs(&self) -> Vec<BuildFile> {
        let Some(application) = &self.application else { return Vec::new() };
        let command = template::shell(std::slice::from_ref(&application.command));
        let script = Script { name: &application.name, command };
        vec![
            file(
                INIT,
                "application.sh",
                template::render("platforms/chaimeleon/init/application.sh", &script),
            ),
            file(
                HOME,
                &format!(".local/bin/{}", application.name),
                template::render("platforms/chaimeleon/home/terminal.sh", &script),
            ),
        ]
    }

    /// Icons of the application and of the start page.
    fn icons(&self) -> Vec<BuildFile> {
        let application = self.application.as_ref().filter(|_| self.interface != Interface::Browser);
        let program = application.map(|application| {
            let program = format!("/home/chaimeleon/.local/bin/{}", application.name);
            icon(&Entry { name: &application.name, program, icon: "utilities-terminal" })
        });
        // No operator has a name with a capital letter.
        let name = match (self.interface, &self.application) {
            (Interface::Browser, Some(application)) => application.name.as_str(),
            (Interface::Browser, None) => "Browser",
            _ => "Jupyter",
        };
        let page = self
            .start_page()
            .map(|_| icon(&Entry { name, program: format!("{SCRIPTS}/open-page.sh"), icon: "firefox-esr" }));
        program.into_iter().chain(page).collect()
    }
}

fn icon(entry: &Entry) -> BuildFile {
    let text = template::render("platforms/chaimeleon/home/entry.desktop", entry);
    file(HOME, &format!("Desktop/{}.desktop", entry.name), text)
}

fn file(folder: &str, name: &str, text: impl Into<Vec<u8>>) -> BuildFile {
    BuildFile { path: format!("{folder}/{name}"), content: text.into() }
}

#[cfg(test)]
mod tests {
    use super::super::super::owned;
    use super::super::interactive::Application;
    use super::*;
    use crate::language::Language;

    fn interactive(interface: Interface, source: Option<&str>) -> Interactive<'static> {
        let application = source.map(|source| Application {
            name: "x".to_owned(),
            command: owned(&["python", "/home/chaimeleon/it's.py"]),
            source: source.to_owned(),
        });
        Interactive {
            interface,
            language: Language::Python,
            system_python: false,
            url: Some("http://localhost:1"),
            application,
        }
    }

    fn text(files: &[BuildFile], path: &str) -> Option<String> {
        let file = files.iter().find(|file| file.path == path)?;
        Some(String::from_utf8(file.content.clone()).unwrap())
    }

    #[test]
    fn jupyter_opens_the_source() {
        let page = |source| interactive(Interface::Jupyter, source).start_page().unwrap();
        assert_eq!(page(None), "http://localhost:8888/lab");
        assert_eq!(page(Some("a/ü b.ipynb")), "http://localhost:8888/lab/tree/a/%C3%BC%20b.ipynb");
    }

    #[test]
    fn only_interactive_interfaces_have_names() {
        for (name, interface) in [
            ("desktop", Interface::Desktop),
            ("browser", Interface::Browser),
            ("jupyter", Interface::Jupyter),
        ] {
            assert_eq!(Interface::named(name), Some(interface));
        }
        assert_eq!(Interface::named("batch"), None);
    }

    #[test]
    fn applications_start_as_their_interface_requires() {
        let services = |interface, source| {
            text(&interactive(interface, source).files(), "interactive/init/supervisord.conf").unwrap()
        };
        let started = |text: &str| {
            let at = text.find("[program:application]\ncommand=").map(|at| &text[at..]);
            at.map(|text| text.lines().nth(1).unwrap().rsplit(' ').next().unwrap().to_owned())
        };
        let desktop = services(Interface::Desktop, Some("x.py"));
        assert_eq!(started(&desktop).as_deref(), Some("/home/chaimeleon/.local/bin/x"));
        let browser = services(Interface::Browser, Some("x.py"));
        assert_eq!(started(&browser).as_deref(), Some("/home/chaimeleon/.init/application.sh"));
        for absent in [services(Interface::Jupyter, Some("x.py")), services(Interface::Desktop, None)] {
            assert_eq!(started(&absent), None);
        }
    }

    #[test]
    fn words_are_quoted_in_the_scripts() {
        let files = interactive(Interface::Browser, Some("x.py")).files();
        let script = text(&files, "interactive/init/application.sh").unwrap();
        assert!(script.ends_with("exec python \"/home/chaimeleon/it's.py\" \"$@\"\n"), "{script}");
        assert!(text(&files, "interactive/init/open-page.sh").unwrap().contains("page=http://localhost:1\n"));
        assert!(text(&files, "interactive/home/Desktop/x.desktop").unwrap().contains("open-page.sh"));
        assert!(
            text(&interactive(Interface::Desktop, None).files(), "interactive/browser/policies.json")
                .is_none()
        );
    }
}
