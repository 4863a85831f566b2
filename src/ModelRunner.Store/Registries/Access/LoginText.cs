using ModelRunner.Store.Names;

namespace ModelRunner.Store.Registries.Access;

/// <summary>What to do about missing or wrong credentials.</summary>
internal static class LoginText
{
    /// <summary>A clause for the end of an error.</summary>
    public static string For(RegistryEndpoint endpoint) => endpoint.Host == ArtifactName.DockerHub
        ? "log in with docker login, or set DOCKER_USERNAME and DOCKER_PASSWORD"
        : $"log in with docker login {endpoint.Host}";
}
