using ModelRunner.Store.Registries;

namespace ModelRunner.Store.Pulls;

/// <summary>Begins to read a file from where it is.</summary>
/// <exception cref="Http.RemoteException">It cannot be read.</exception>
internal delegate Task<RegistryBlob> FileOpener(BlobRequest request, CancellationToken cancellationToken);
