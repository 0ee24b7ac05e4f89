"""Two names that engines spell alike."""
import os

first = os.getenv('api key', 'a')
second = os.getenv('api-key', 'b')
