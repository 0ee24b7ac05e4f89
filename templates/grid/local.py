def prepare():
    """Give the store, the batches and what is to be called with each."""
    if not gw_coordinator_path:
        raise Refusal('set gw_coordinator_path to a folder that all workers share')
    store = Files(gw_coordinator_path)

    def find(pattern):
        return [path for path in find_local(pattern) if not is_own(store.folder, os.path.abspath(path))]

    batches = load_batches(gw_batch_file, gw_batch_file_col_name, gw_file_path_pattern, gw_group_by, find=find)
    function = load_function(SCRIPT, PROCESS)
    return store, batches, lambda batch: function(batch, **INTERFACE)


def is_own(coordinator, path):
    """Tell the coordinator's folder and its marks from the user's files, which may stand beside them."""
    folder, name = os.path.split(path)
    return path == coordinator or folder == coordinator and is_mark(name)
