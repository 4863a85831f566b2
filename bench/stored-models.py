#!/usr/bin/env python3
"""Writes a model store with many small models, to measure scans and lists: stored-models.py FOLDER COUNT.

FOLDER becomes the models folder of a daemon (MODELS_PATH).
"""
import hashlib, json, os, struct, sys


def text(value):
    return struct.pack('<Q', len(value)) + value.encode()


def gguf(number):
    """A header that the daemon accepts, with a tensor of 64 bytes."""
    values = [text('general.architecture') + struct.pack('<I', 8) + text('llama')]
    for key, value in {
        'llama.block_count': 4, 'llama.context_length': 2048, 'llama.embedding_length': 128,
        'llama.attention.head_count': 4, 'llama.attention.head_count_kv': 2, 'test.number': number,
    }.items():
        values.append(text(key) + struct.pack('<II', 4, value))
    tensor = text('token_embd.weight') + struct.pack('<IQQIQ', 2, 4, 4, 0, 0)
    header = b'GGUF' + struct.pack('<IQQ', 3, 1, len(values)) + b''.join(values) + tensor
    return header + b'\0' * (-len(header) % 32 + 64)


def write(folder, content):
    digest = hashlib.sha256(content).hexdigest()
    with open(os.path.join(folder, digest), 'wb') as file:
        file.write(content)
    return 'sha256:' + digest


def main(folder, count):
    store = os.path.join(folder, 'store')
    blobs, manifests = (os.path.join(store, name, 'sha256') for name in ('blobs', 'manifests'))
    for path in (blobs, manifests):
        os.makedirs(path, exist_ok=True)
    models = []
    for number in range(count):
        weights = gguf(number)
        config = json.dumps({'config': {'format': 'gguf', 'architecture': 'llama', 'number': number}}).encode()
        parts = [{'mediaType': kind, 'digest': write(blobs, content), 'size': len(content)} for kind, content in (
            ('application/vnd.docker.ai.model.config.v0.1+json', config), ('application/vnd.docker.ai.gguf.v3', weights),
        )]
        manifest = json.dumps({
            'schemaVersion': 2, 'mediaType': 'application/vnd.oci.image.manifest.v1+json', 'config': parts[0], 'layers': parts[1:],
        }).encode()
        models.append({
            'id': write(manifests, manifest), 'tags': [f'docker.io/lab/model-{number}:latest'], 'files': [part['digest'] for part in parts],
        })
    with open(os.path.join(store, 'layout.json'), 'w') as file:
        file.write('{"version":"1.0.0"}')
    with open(os.path.join(store, 'models.json'), 'w') as file:
        json.dump({'models': models}, file)


main(sys.argv[1], int(sys.argv[2]))
