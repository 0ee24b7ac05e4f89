def _c3_like(value, default):
    """Give a value of JSON the types of the default: whole numbers, tuples, keys that are numbers."""
    if isinstance(value, list) and isinstance(default, (list, tuple)):
        rest = _c3_common(default)
        parts = [_c3_like(part, default[at] if at < len(default) else rest) for at, part in enumerate(value)]
        return tuple(parts) if isinstance(default, tuple) else parts
    if isinstance(value, dict) and isinstance(default, dict):
        keys, rest = {str(key): key for key in default}, _c3_common(default.values())
        number = bool(keys) and all(type(key) is int for key in default)
        entries = [(keys.get(key, int(key) if number and key.isdecimal() else key), part) for key, part in value.items()]
        return {key: _c3_like(part, default.get(key, rest)) for key, part in entries}
    if type(default) is int and type(value) is float and value.is_integer():
        return int(value)
    return float(value) if type(default) is float and type(value) is int else value


def _c3_common(parts):
    """Give one of some values that are of one type."""
    parts = list(parts)
    return parts[0] if len({type(part) for part in parts}) == 1 else None


def _c3_open(text):
    """Give the value of a text where nothing tells its type, as papermill does: a number if it looks like one."""
    if text in ('True', 'False', 'None'):
        return {'True': True, 'False': False}.get(text)
    try:
        value = __import__('json').loads(text)
    except ValueError:
        return text
    return value if type(value) in (int, float) else text
