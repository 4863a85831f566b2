namespace ModelRunner.Configuration;

/// <summary>Resolves the TLS of the daemon's port.</summary>
internal static class TlsResolver
{
    /// <summary>Reads the options. The files are read when the daemon listens.</summary>
    /// <param name="reader">The options as the user wrote them.</param>
    /// <param name="hasPort">Whether the daemon has a TCP port.</param>
    /// <returns>The settings; null: no TLS.</returns>
    public static TlsSettings? Resolve(OptionReader reader, bool hasPort)
    {
        string? certificate = reader.Path(ConfigurationCatalog.TlsCertificate);
        bool isAuto = reader.Switch(ConfigurationCatalog.TlsAuto);
        if (certificate is null && !isAuto)
        {
            Report(reader, ConfigurationCatalog.TlsKey, "has no certificate", $"set {ConfigurationCatalog.TlsCertificate.Name} too, or leave the key out");
            Report(reader, ConfigurationCatalog.TlsMetricsClients, "needs TLS",
                $"set {ConfigurationCatalog.TlsCertificate.Name} or {ConfigurationCatalog.TlsAuto.Name} too, or leave it out");
            return null;
        }

        ConfigurationOption cause = certificate is null ? ConfigurationCatalog.TlsAuto : ConfigurationCatalog.TlsCertificate;
        if (certificate is not null && isAuto)
        {
            Report(reader, ConfigurationCatalog.TlsAuto, "excludes a certificate of your own",
                $"leave out {ConfigurationCatalog.TlsAuto.Name} or {ConfigurationCatalog.TlsCertificate.Name}");
        }

        if (isAuto && certificate is null)
            Report(reader, ConfigurationCatalog.TlsKey, "has no certificate", $"leave it out, or set {ConfigurationCatalog.TlsCertificate.Name}");
        if (!hasPort)
            Report(reader, cause, "needs a port, because the Unix socket has no TLS", $"set {ConfigurationCatalog.Port.Name} too");
        if (!reader.Options.HasOpenSsl())
            Report(reader, cause, "needs TLS, and this system has no OpenSSL", OpenSslLibrary.Remedy);
        return new TlsSettings(
            certificate, reader.Path(ConfigurationCatalog.TlsKey), isAuto ? AuthorityFolder(reader) : null,
            reader.Path(ConfigurationCatalog.TlsMetricsClients));
    }

    private static string? AuthorityFolder(OptionReader reader)
    {
        if (SettingsResolver.StatePath(reader) is { } state)
            return Path.Join(state, "tls");
        Report(reader, ConfigurationCatalog.TlsAuto, "needs a state folder for its authority", $"set {ConfigurationCatalog.StatePath.Name} to a folder");
        return null;
    }

    // The option that the user did not write has nothing to report.
    private static void Report(OptionReader reader, ConfigurationOption option, string problem, string remedy)
    {
        if (reader.Written.Find(option) is { } written)
            reader.Problems.Add(new ConfigurationProblem(written.Key, written.Text, problem, remedy));
    }
}
