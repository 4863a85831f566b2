namespace ModelRunner.Testing.Registries;

/// <summary>A user of a registry.</summary>
/// <param name="Name">The name.</param>
/// <param name="Password">The password.</param>
/// <param name="HashLine">The line of the file that Apache's <c>htpasswd -B</c> writes: name, colon, and the bcrypt hash of the password.</param>
internal sealed record RegistryUser(string Name, string Password, string HashLine)
{
    /// <summary>The only one whose hash is known, because .NET has no bcrypt.</summary>
    public static RegistryUser Ann { get; } = new("ann", "s3cret:with,colon", "ann:$2b$05$abcdefghijklmnopqrstuugT1fEPUa588E0A6oQGO8KaHp4sYpZ.W");
}
