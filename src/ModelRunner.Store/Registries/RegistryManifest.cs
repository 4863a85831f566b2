using ModelRunner.Store.Names;

namespace ModelRunner.Store.Registries;

/// <summary>A manifest or an index, as a registry sent it. Its bytes have its digest.</summary>
/// <param name="Bytes">The exact bytes.</param>
/// <param name="MediaType">Its type, in lower case and without parameters.</param>
/// <param name="Digest">The digest that names it.</param>
internal sealed record RegistryManifest(ReadOnlyMemory<byte> Bytes, string MediaType, Digest Digest);
