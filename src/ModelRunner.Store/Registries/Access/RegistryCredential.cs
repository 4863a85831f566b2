using System.Text;

namespace ModelRunner.Store.Registries.Access;

/// <summary>What a registry knows a user by, or why that is not known. One of the four is there.</summary>
/// <param name="Origin">Where it was found, for errors: <c>DOCKER_USERNAME</c>, the path of a file, the name of a helper.</param>
internal sealed record RegistryCredential(string Origin)
{
    /// <summary>User name and password.</summary>
    public (string Name, string Password)? User { get; init; }

    /// <summary>A token with which the token server gives other tokens.</summary>
    public string? IdentityToken { get; init; }

    /// <summary>A token for the registry itself.</summary>
    public string? RegistryToken { get; init; }

    /// <summary>Why it cannot be used, as a clause; null: it can.</summary>
    public string? Problem { get; init; }

    /// <summary>The header for user name and password.</summary>
    public string? Basic => User is { } user ? "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user.Name}:{user.Password}")) : null;

    /// <summary>Secrets are not printed.</summary>
    public override string ToString() => $"credentials of {Origin}";
}
