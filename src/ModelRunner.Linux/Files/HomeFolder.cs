namespace ModelRunner.Linux.Files;

/// <summary>
/// Names a home folder where the process has none: no variable <c>HOME</c>, and no entry for its user in the list of users. So it is in a service of systemd
/// with <c>DynamicUser=</c>. .NET looks for certificates of the user whenever it checks a certificate or sends its own one, and fails without a home folder.
/// </summary>
internal static class HomeFolder
{
    private const string Variable = "HOME";
    private const string Nowhere = "/";

    /// <summary>Sets the variable where it is missing. Call it before certificates are used.</summary>
    public static void Require()
    {
        if (!string.IsNullOrEmpty(Environment.GetEnvironmentVariable(Variable)))
            return;
        string listed = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);
        Environment.SetEnvironmentVariable(Variable, listed.Length > 0 ? listed : Nowhere);
    }
}
