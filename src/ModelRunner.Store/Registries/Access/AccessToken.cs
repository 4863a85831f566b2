namespace ModelRunner.Store.Registries.Access;

/// <summary>A value for the header <c>Authorization</c>.</summary>
/// <param name="Header">The value, with its scheme.</param>
/// <param name="Until">When it is no longer used.</param>
internal sealed record AccessToken(string Header, DateTimeOffset Until)
{
    /// <summary>Secrets are not printed.</summary>
    public override string ToString() => $"token until {Until:O}";
}
