namespace ModelRunner.Store.Registries;

/// <summary>A server that speaks the API of registries.</summary>
/// <param name="Host">The name under which its credentials are kept: that of the registry, or the host of a mirror.</param>
/// <param name="Base">Its address with the slash at the end, without <c>v2/</c>.</param>
/// <param name="IsMirror">Whether it stands in for the registry that the name of the model has.</param>
internal sealed record RegistryEndpoint(string Host, Uri Base, bool IsMirror)
{
    /// <summary>The address of something in a repository.</summary>
    /// <param name="repository">A checked name: it has no character that an address would have to escape.</param>
    /// <param name="rest">What follows the name, for example <c>manifests/latest</c>.</param>
    public Uri AddressOf(string repository, string rest) => new(Base, $"v2/{repository}/{rest}");
}
