def object_finder(store, marks):
    """Give a function that finds files by a pattern, which may begin with a connection; marks are none."""

    def find(pattern):
        if not is_connection(pattern):
            return find_local(pattern)
        other = other_store(pattern, store)
        return [path for path in find_objects(other, other.connection.path) if not marks.is_own(path)]

    return find


def prepare():
    """Give the store, the batches and what is to be called with each."""
    store = ObjectStore(parse_connection(gw_coordinator_connection))
    marks = Objects(store)
    read, find = object_reader(store), object_finder(store, marks)
    batches = load_batches(gw_batch_file, gw_batch_file_col_name, gw_file_path_pattern, gw_group_by, read, find)
    function = load_function(SCRIPT, PROCESS)
    return marks, batches, lambda batch: function(batch, **INTERFACE)
