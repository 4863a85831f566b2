namespace ModelRunner.Testing.Registries;

/// <summary>How a <see cref="RegistryProcess"/> is set up. Without anything it is plain, open to everybody, and empty.</summary>
internal sealed record RegistrySetup
{
    /// <summary>The name of this machine in its address: <c>127.0.0.1</c> or <c>localhost</c>.</summary>
    public string HostName { get; init; } = "127.0.0.1";

    /// <summary>The authority that signs its certificate; null: it speaks plain http.</summary>
    public TestCertificates? Tls { get; init; }

    /// <summary>The only user that it lets in, by Basic; null: everybody.</summary>
    public RegistryUser? User { get; init; }

    /// <summary>The server whose tokens it wants; null: none.</summary>
    public TokenServer? Tokens { get; init; }

    /// <summary>The registry that it is a mirror of; null: it is none.</summary>
    public Uri? MirrorOf { get; init; }

    /// <summary>The text of its configuration.</summary>
    /// <param name="folder">Where the files that it names are written.</param>
    /// <param name="data">Where its data is kept.</param>
    public string Render(TemporaryFolder folder, string data)
    {
        string tls = "";
        if (Tls is not null)
        {
            using System.Security.Cryptography.X509Certificates.X509Certificate2 certificate = Tls.Server("registry");
            (string certificatePath, string key) = Tls.Write(certificate, "registry");
            tls = $", tls: {{certificate: {certificatePath}, key: {key}}}";
        }

        string auth = "";
        if (User is not null)
            auth = $"auth: {{htpasswd: {{realm: lab, path: {folder.Write("htpasswd", User.HashLine + "\n")}}}}}\n";
        if (Tokens is not null)
            auth = $"auth: {{token: {{realm: \"{Tokens.Realm}\", service: {TokenServer.Service}, issuer: {TokenServer.Issuer}, "
                + $"rootcertbundle: {folder.Write("tokens.pem", Tokens.CertificatePem)}}}}}\n";
        string proxy = MirrorOf is null ? "" : $"proxy: {{remoteurl: \"{MirrorOf.AbsoluteUri.TrimEnd('/')}\"}}\n";
        return "version: 0.1\nlog: {level: info}\n"
            + $"storage: {{filesystem: {{rootdirectory: {data}}}, delete: {{enabled: true}}}}\n"
            + $"http: {{addr: \"127.0.0.1:0\"{tls}}}\n" + auth + proxy;
    }
}
