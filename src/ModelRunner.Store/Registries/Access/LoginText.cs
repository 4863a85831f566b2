using ModelRunner.Store.Names;

namespace ModelRunner.Store.Registries.Access;

/// <summary>What to do about missing or wrong credentials.</summary>
internal static class LoginText
{
    /// <summary>A clause for the end of an error.</summary>
    /// <param name="endpoint">The registry.</param>
    /// <param name="problem">Why the credentials that are there cannot be used; null: there are none, or they were used.</param>
    public static string For(RegistryEndpoint endpoint, string? problem)
    {
        string login = endpoint.Host == ArtifactName.DockerHub
            ? "log in with docker login, or set DOCKER_USERNAME and DOCKER_PASSWORD"
            : $"log in with docker login {endpoint.Host}";
        return problem is null ? login : $"{problem}; correct this, or {login}";
    }
}
