"""The list of images for kfp's local runner, without those that other tests remove meanwhile.

The runner asks docker-py for all images of the engine, and docker-py for each of them by its id: it fails with
`ImageNotFound` where one, whichever, has gone in between.
"""

import contextlib

from docker.errors import ImageNotFound
from docker.models.images import ImageCollection


def images_that_stay(self, name=None, all=False, filters=None):
    """List images as `ImageCollection.list` does."""
    found = []
    for image in self.client.api.images(name=name, all=all, filters=filters):
        with contextlib.suppress(ImageNotFound):
            found.append(self.get(image['Id']))
    return found


ImageCollection.list = images_that_stay
