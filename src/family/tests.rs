use super::*;

const FAMILY: &str = r#"# The images of our department.
repository = "quay.io/us/"
cuda = "cuda11"

[[image]]
name = "python-torch"
version = "3.10"   # raised by hand until now
from = "python"
pip = ["torch"]
cuda.pip = ["torch==1+cu118"]
test = "true"
cuda.test = """
true"""

[[image]]
name = "python"
version = "3.9"
base = "ubuntu:22.04"
cuda.base = "nvidia/cuda:11.8.0-runtime-ubuntu22.04"

[[image]]
name = "python-torch-desktop"
version = "0.1"
from = "python-torch"
repository = "quay.io/desktops"
cuda = false
"#;

fn family() -> Family {
    Family::parse(FAMILY).unwrap()
}

#[test]
fn images_are_ordered_after_their_base() {
    let family = family();
    let names: Vec<_> = family.in_order().iter().map(|member| member.name.clone()).collect();
    assert_eq!(names, ["python", "python-torch", "python-torch-desktop"]);
    let torch = family.member("python-torch").unwrap();
    assert!(family.stands_on(torch, "python"));
    assert!(!family.stands_on(torch, "python-torch-desktop"));
}

#[test]
fn cuda_is_inherited_from_the_base() {
    let family = family();
    let has = |name| family.has_cuda(family.member(name).unwrap());
    assert!(has("python") && has("python-torch"));
    assert!(!has("python-torch-desktop"));
    let torch = family.member("python-torch").unwrap();
    assert_eq!(torch.with_cuda().pip, ["torch==1+cu118"]);
    assert_eq!(torch.pip, ["torch"]);
}

#[test]
fn image_names_have_repositories_and_tags() {
    let family = family();
    let repository = |name, given| family.repository(family.member(name).unwrap(), given);
    assert_eq!(repository("python", None), "quay.io/us/python");
    assert_eq!(repository("python-torch-desktop", None), "quay.io/desktops/python-torch-desktop");
    assert_eq!(repository("python-torch-desktop", Some("here:5000/x")), "here:5000/x/python-torch-desktop");
    assert_eq!(family.tag("3.9", false), "3.9");
    assert_eq!(family.tag("3.9", true), "3.9cuda11");
}

#[test]
fn a_version_bump_changes_nothing_else_in_the_file() {
    let expected = FAMILY.replace("\"3.10\"", "\"3.11\"");
    assert_eq!(raised(FAMILY, "python-torch", "3.11"), Some(expected));
    assert_eq!(raised(FAMILY, "nobody", "1"), None);
    let inline = "image = [\r\n  { name = \"a\", version = '''1''' },\r\n]\r\n";
    assert_eq!(raised(inline, "a", "2"), Some(inline.replace("'''1'''", "\"2\"")));
}

#[test]
fn versions_are_bumped_only_past_other_images() {
    use Published::{Nothing, Other, Same};
    assert_eq!(verdict(&[Same, Same]), Verdict::Present);
    assert_eq!(verdict(&[Same, Nothing]), Verdict::Build);
    assert_eq!(verdict(&[Nothing, Other]), Verdict::Raise);
}

#[test]
fn projects_and_locks_are_requirement_files() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("pyproject.toml", "[tool.poetry.dependencies]\npython = '^3.10'\nsix = '^1.2'\n");
    write("gpu.txt", "toolz[a]>=1\n-r more.txt\n");
    write("more.txt", "idna\n");
    let file = folder.path().join("family.toml");
    let image = "[[image]]\nname = \"a\"\nversion = \"1\"\nbase = \"x\"\npip = [\"b\"]\n";
    let texts = |member: &Member| {
        let contents = contents::Source::Packages.contents(member, &contents::Base::default(), "1", &file);
        contents.map(|contents| {
            ["Dockerfile", "requirements/pyproject.toml.txt", "requirements/more.txt"]
                .map(|path| contents.context.read_text(path).unwrap_or_default())
        })
    };
    let image = format!(
        "{image}requirements = [\"pyproject.toml\"]\ncuda.base = 'y'\ncuda.requirements = ['gpu.txt']"
    );
    let member = &Family::parse(&image).unwrap().members[0];
    let [dockerfile, project, _] = texts(member).unwrap();
    assert_eq!(project, "six>=1.2,<2\n");
    let install = "python -m pip install --no-cache-dir";
    let lines = format!(
        "COPY requirements/ /tmp/requirements/\nRUN {install} -r /tmp/requirements/pyproject.toml.txt \\\n && {install} b \\\n && rm -rf /tmp/requirements\n"
    );
    assert!(dockerfile.contains(&lines), "{dockerfile}");
    let [dockerfile, _, more] = texts(&member.with_cuda()).unwrap();
    assert!(dockerfile.contains("-r /tmp/requirements/gpu.txt") && more == "idna\n", "{dockerfile}");
    // What a project asks for that an image can't have is refused by name, and so is a file that isn't there.
    write(
        "pyproject.toml",
        "[tool.poetry.dependencies]\nsix = '*'\nown = {git = 'https://example.org/own'}\n",
    );
    let refused = |member: &Member| texts(member).unwrap_err().message.unwrap();
    assert!(refused(member).contains("own"), "{}", refused(member));
    std::fs::remove_file(folder.path().join("pyproject.toml")).unwrap();
    assert!(refused(member).contains("`pyproject.toml`"), "{}", refused(member));
}

#[test]
fn invalid_families_are_rejected() {
    let root = "[[image]]\nname = \"a\"\nversion = \"1\"\nbase = \"x\"\n";
    let cases = [
        (String::new(), "the family has no image"),
        ("image = []".to_owned(), "the family has no image"),
        (root.repeat(2), "two images are called `a`"),
        ("[[image]]\nname = \"a\"\nversion = \"1\"".to_owned(), "`a` is built from nothing"),
        ("[[image]]\nname = \"a\"\nbase = \"x\"".to_owned(), "`a` has no version"),
        ("[[image]]\nversion = \"1\"\nbase = \"x\"".to_owned(), "an image has no name"),
        ("[[image]]\nname = \"a/b\"\nversion = \"1\"\nbase = \"x\"".to_owned(), "`a/b` is not an image name"),
        (root.replace("\"1\"", "\"1 2\""), "version `1 2` is not an image tag"),
        (root.replace("base = \"x\"", "from = \"a\""), "`a` is built from itself"),
        (root.replace("base = \"x\"", "from = \"b\""), "`a` is built from `b`, which isn't in the family"),
        (format!("{root}from = \"a\"\n"), "`a` is built from two images"),
        (
            format!("{root}context = \"a\"\npip = [\"six\"]\n"),
            "`a` has a Dockerfile of its own and says what else is in it",
        ),
        (
            format!("{root}source = 'x.py'\nrequirements = ['r.txt']\n"),
            "`a` is an application, whose source says what it needs",
        ),
        (format!("{root}args.X = \"1\"\n"), "`args` of `a` is for images with `context`"),
        (
            format!("{root}cuda = true\n"),
            "invalid value: boolean `true`, expected `false`, or a table of what is different with CUDA",
        ),
        (format!("cuda = ''\n{root}"), "`cuda` is empty, so that versions with and without it were the same"),
        (format!("{root}pip = ['numpy pandas']\n"), "`pip` of `a` can't have \"numpy pandas\""),
        (format!("{root}pip = ['-r', 'x.txt']\n"), "`pip` of `a` can't have \"-r\""),
        (format!("{root}pip = [\"b\\nUSER 0\"]\n"), "`pip` of `a` can't have \"b\\nUSER 0\""),
        (format!("{root}system = ['--reinstall']\n"), "`system` of `a` can't have \"--reinstall\""),
        (
            format!("{root}context = 'x'\nauthorization = true\n"),
            "`authorization` of `a` belongs into its Dockerfile",
        ),
        (
            format!("{root}source = 'x.py'\nset.gpu = 'cuda11'\n"),
            "`set` of `a` can't choose another base image",
        ),
        (root.replace("\"1\"", "\"latest\""), "the version of `a` is the name of the newest"),
        (root.replace("\"1\"", "3.10"), "invalid type: floating point `3.1`, expected a string"),
        (
            format!("{root}interface = 'tablet'\n"),
            "`interface` of `a` is neither `desktop` nor `browser` nor `jupyter`",
        ),
        (format!("{root}interface = 'browser'\nurl = 'a b'\n"), "`url` of `a` is not a plain address"),
        (
            format!("{root}interface = 'desktop'\nurl = 'http://x'\n"),
            "`url` of `a` is for images with `interface = \"browser\"`",
        ),
        (format!("{root}cuda.pip = []\n"), "it isn't said what `a` is built from with CUDA"),
        (format!("{root}cuda.pipp = []\n"), "`pipp` is not known here"),
        (
            format!("{root}[[image]]\nname = \"b\"\nversion = \"1\"\nfrom = \"a\"\ncuda.pip = []\n"),
            "`b` is built from `a`, which isn't there with CUDA",
        ),
    ];
    for (text, message) in cases {
        assert_eq!(Family::parse(&text).unwrap_err().message, message, "{text}");
    }
}

#[test]
fn cycles_of_any_length_are_rejected() {
    let image = |name: &str, from: &str| {
        format!("[[image]]\nname = \"{name}\"\nversion = \"1\"\nfrom = \"{from}\"\ncuda.pip = [\"x\"]\n")
    };
    let text = [image("x", "a"), image("a", "b"), image("b", "c"), image("c", "a")].concat();
    assert!(Family::parse(&text).is_err());
}
