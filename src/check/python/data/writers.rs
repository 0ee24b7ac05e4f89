//! Functions and methods that write files, with the position of the path.

use ruff_python_ast::Expr;

use super::super::calls::Call;

/// Functions, with position and name of the path argument.
const FUNCTIONS: &[(&str, usize, &str)] = &[
    ("SimpleITK.WriteImage", 1, "fileName"),
    ("cv2.imwrite", 0, "filename"),
    ("imageio.imwrite", 0, "uri"),
    ("imageio.v2.imwrite", 0, "uri"),
    ("imageio.v3.imwrite", 0, "uri"),
    ("joblib.dump", 1, "filename"),
    ("matplotlib.pyplot.savefig", 0, "fname"),
    ("nibabel.save", 1, "filename"),
    ("numpy.save", 0, "file"),
    ("numpy.savetxt", 0, "fname"),
    ("numpy.savez", 0, "file"),
    ("numpy.savez_compressed", 0, "file"),
    ("os.makedirs", 0, "name"),
    ("os.mkdir", 0, "path"),
    ("os.remove", 0, "path"),
    ("os.rename", 0, "src"),
    ("os.replace", 0, "src"),
    ("os.rmdir", 0, "path"),
    ("os.symlink", 1, "dst"),
    ("os.unlink", 0, "path"),
    ("shutil.copy", 1, "dst"),
    ("shutil.copy2", 1, "dst"),
    ("shutil.copyfile", 1, "dst"),
    ("shutil.copytree", 1, "dst"),
    ("shutil.move", 1, "dst"),
    ("shutil.rmtree", 0, "path"),
    ("skimage.io.imsave", 0, "fname"),
    ("torch.save", 1, "f"),
];

/// Functions that open a file, for writing if the mode says so.
const OPENERS: &[&str] = &[
    "builtins.open",
    "bz2.open",
    "codecs.open",
    "gzip.open",
    "h5py.File",
    "io.open",
    "lzma.open",
    "tarfile.open",
    "zipfile.ZipFile",
];

/// Functions that create temporary files in the folder `dir`.
const TEMPORARY: &[&str] = &[
    "tempfile.NamedTemporaryFile",
    "tempfile.SpooledTemporaryFile",
    "tempfile.TemporaryDirectory",
    "tempfile.TemporaryFile",
    "tempfile.mkdtemp",
    "tempfile.mkstemp",
];

/// Methods of data objects that take a path first.
const SAVERS: &[&str] = &[
    "save",
    "save_as",
    "savefig",
    "to_csv",
    "to_excel",
    "to_feather",
    "to_hdf",
    "to_json",
    "to_parquet",
    "to_pickle",
    "tofile",
    "write_csv",
    "write_parquet",
];

/// Methods of paths that write to them.
const OF_PATHS: &[&str] = &["mkdir", "rmdir", "symlink_to", "touch", "unlink", "write_bytes", "write_text"];

/// The path that a call writes to.
pub(super) fn written<'m>(call: &Call<'m>) -> Option<&'m Expr> {
    let known = FUNCTIONS.iter().find(|(path, ..)| call.known(&[path]).is_some());
    if let Some((_, position, name)) = known {
        return call.argument(*position, name);
    }
    if call.known(OPENERS).is_some() {
        return writes(call, 1).then(|| call.argument(0, "file"))?;
    }
    if call.known(TEMPORARY).is_some() {
        return call.keyword("dir");
    }
    match call.name() {
        "open" if writes(call, 0) => call.receiver(),
        name if OF_PATHS.contains(&name) => call.receiver(),
        name if SAVERS.contains(&name) => call.argument(0, "path"),
        _ => None,
    }
}

/// Whether a file is opened for writing.
fn writes(call: &Call, position: usize) -> bool {
    call.text(position, "mode").is_some_and(|mode| mode.contains(['w', 'a', 'x', '+']))
}
