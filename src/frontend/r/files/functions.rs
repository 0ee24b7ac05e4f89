//! Functions of R that write files, list folders and download, and which of their arguments says where.

/// A function by its package and name, with its parameters up to the one that says where.
pub(super) type Row = (&'static str, &'static str, &'static [&'static str]);

/// Functions that write to a path.
pub(super) const WRITERS: &[Row] = &[
    ("RNifti", "writeNifti", &["image", "file"]),
    ("arrow", "write_csv_arrow", &["x", "file"]),
    ("arrow", "write_feather", &["x", "sink"]),
    ("arrow", "write_parquet", &["x", "sink"]),
    ("base", "cat", &["...", "file"]),
    ("base", "dir.create", &["path"]),
    ("base", "dput", &["x", "file"]),
    ("base", "dump", &["list", "file"]),
    ("base", "file.append", &["file1"]),
    ("base", "file.copy", &["from", "to"]),
    ("base", "file.create", &["path"]),
    ("base", "file.remove", &["path"]),
    ("base", "file.rename", &["from", "to"]),
    ("base", "file.symlink", &["from", "to"]),
    ("base", "save", &["...", "list", "file"]),
    ("base", "save.image", &["file"]),
    ("base", "saveRDS", &["object", "file"]),
    ("base", "sink", &["file"]),
    ("base", "unlink", &["x"]),
    ("base", "writeBin", &["object", "con"]),
    ("base", "writeLines", &["text", "con"]),
    ("data.table", "fwrite", &["x", "file"]),
    ("ggplot2", "ggsave", &["filename"]),
    ("grDevices", "bmp", &["filename"]),
    ("grDevices", "jpeg", &["filename"]),
    ("grDevices", "pdf", &["file"]),
    ("grDevices", "png", &["filename"]),
    ("grDevices", "svg", &["filename"]),
    ("grDevices", "tiff", &["filename"]),
    ("haven", "write_dta", &["data", "path"]),
    ("haven", "write_sav", &["data", "path"]),
    ("jsonlite", "write_json", &["x", "path"]),
    ("openxlsx", "saveWorkbook", &["wb", "file"]),
    ("openxlsx", "write.xlsx", &["x", "file"]),
    ("oro.nifti", "writeNIfTI", &["nim", "filename"]),
    ("qs", "qsave", &["x", "file"]),
    ("readr", "write_csv", &["x", "file"]),
    ("readr", "write_delim", &["x", "file"]),
    ("readr", "write_file", &["x", "file"]),
    ("readr", "write_lines", &["x", "file"]),
    ("readr", "write_rds", &["x", "file"]),
    ("readr", "write_tsv", &["x", "file"]),
    ("sf", "st_write", &["obj", "dsn"]),
    ("sf", "write_sf", &["obj", "dsn"]),
    ("terra", "writeRaster", &["x", "filename"]),
    ("utils", "download.file", &["url", "destfile"]),
    ("utils", "tar", &["tarfile"]),
    ("utils", "write.csv", &["x", "file"]),
    ("utils", "write.csv2", &["x", "file"]),
    ("utils", "write.table", &["x", "file"]),
    ("utils", "zip", &["zipfile"]),
    ("writexl", "write_xlsx", &["x", "path"]),
    ("xml2", "write_xml", &["x", "file"]),
    ("yaml", "write_yaml", &["x", "file"]),
];

/// Functions that open a file, where the mode says whether they write it.
pub(super) const OPENERS: &[&str] = &["bzfile", "file", "gzfile", "xzfile"];

/// Functions that look into a folder.
pub(super) const WALKERS: &[Row] = &[
    ("base", "Sys.glob", &["paths"]),
    ("base", "dir", &["path"]),
    ("base", "list.dirs", &["path"]),
    ("base", "list.files", &["path"]),
    ("fs", "dir_ls", &["path"]),
];

/// Functions that make a path of their first argument; those of [`WALKERS`] give the paths below it.
pub(super) const PATHS: &[(&str, &str)] = &[
    ("base", "as.character"),
    ("base", "dirname"),
    ("base", "file.path"),
    ("base", "normalizePath"),
    ("base", "paste"),
    ("base", "paste0"),
    ("base", "path.expand"),
    ("base", "sort"),
    ("fs", "path"),
];

/// Functions that give a path in the folder for temporary files.
pub(super) const TEMPORARY: &[&str] = &["tempdir", "tempfile"];

/// Functions that download whatever they are given.
pub(super) const DOWNLOADERS: &[(&str, &str)] = &[
    ("AnnotationHub", "AnnotationHub"),
    ("ExperimentHub", "ExperimentHub"),
    ("GEOquery", "getGEO"),
    ("TCGAbiolinks", "GDCdownload"),
    ("biomaRt", "useEnsembl"),
    ("biomaRt", "useMart"),
    ("curl", "curl_download"),
    ("curl", "curl_fetch_memory"),
    ("keras", "dataset_cifar10"),
    ("keras", "dataset_imdb"),
    ("keras", "dataset_mnist"),
    ("quantmod", "getSymbols"),
    ("rvest", "read_html_live"),
    ("tidycensus", "get_acs"),
    ("utils", "download.file"),
];

/// Functions that download what an address names.
pub(super) const FETCHERS: &[(&str, &str)] = &[
    ("base", "readLines"),
    ("base", "readRDS"),
    ("base", "source"),
    ("base", "url"),
    ("data.table", "fread"),
    ("httr", "GET"),
    ("httr2", "request"),
    ("jsonlite", "fromJSON"),
    ("jsonlite", "read_json"),
    ("readr", "read_csv"),
    ("readr", "read_delim"),
    ("readr", "read_tsv"),
    ("rvest", "read_html"),
    ("utils", "read.csv"),
    ("utils", "read.delim"),
    ("utils", "read.table"),
    ("xml2", "read_html"),
    ("xml2", "read_xml"),
];
