using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace ModelRunner.Testing.Registries;

/// <summary>
/// A server that gives out tokens which a <see cref="RegistryProcess"/> accepts (distribution's token specification). Everybody may pull;
/// pushing needs the user <c>ann</c>, or the refresh token.
/// </summary>
internal sealed class TokenServer : IAsyncDisposable
{
    public const string Service = "lab-service";
    public const string Issuer = "lab-issuer";
    public const string RefreshToken = "refresh-me";
    public const string Password = "ann-password";

    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    private readonly X509Certificate2 _certificate;
    private readonly ConcurrentQueue<TokenRequest> _requests = new();
    private LoopbackServer? _server;

    private TokenServer()
    {
        var request = new CertificateRequest("CN=tokens", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        _certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(100));
    }

    /// <summary>What the challenges of the registry name.</summary>
    public Uri Realm => new(_server!.Address, "token");

    /// <summary>The certificate that the registry must have to check the tokens.</summary>
    public string CertificatePem => _certificate.ExportCertificatePem() + "\n";

    /// <summary>What was asked for so far.</summary>
    public IReadOnlyList<TokenRequest> Requests => [.. _requests];

    /// <summary>Whether it lets in nobody without a password.</summary>
    public bool WantsLogin { get; set; }

    /// <summary>The lifetime that it names, in seconds; null: none.</summary>
    public int? ExpiresIn { get; set; }

    /// <summary>How long tokens are valid.</summary>
    public TimeSpan Lifetime { get; set; } = TimeSpan.FromMinutes(5);

    public static async Task<TokenServer> StartAsync()
    {
        var server = new TokenServer();
        server._server = await LoopbackServer.StartAsync(server.AnswerAsync);
        return server;
    }

    /// <summary>A token for the test itself, which allows everything in the repositories that tests use.</summary>
    public string MakeMasterToken(string repository = "ai/tiny") => MakeToken([$"repository:{repository}:pull,push,delete"]);

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
            await _server.DisposeAsync();
        _certificate.Dispose();
        _key.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        IFormCollection? form = context.Request.HasFormContentType ? await context.Request.ReadFormAsync() : null;
        string[] scopes = [.. (form is null ? context.Request.Query["scope"] : form["scope"]).SelectMany(static scope => scope!.Split(' '))];
        string authorization = context.Request.Headers.Authorization.ToString();
        bool isUser = authorization == "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"ann:{Password}"))
            || (form is not null && form["grant_type"].ToString() == "refresh_token" && form["refresh_token"].ToString() == RefreshToken);
        _requests.Enqueue(new TokenRequest(context.Request.Method, authorization, scopes, form?["grant_type"].ToString() ?? ""));
        if ((authorization.Length > 0 || form is not null || WantsLogin) && !isUser)
        {
            context.Response.StatusCode = 401;
            await context.Response.WriteAsync("""{"errors":[{"code":"UNAUTHORIZED","message":"wrong user or password"}]}""");
            return;
        }

        // A smaller scope than the one asked for is no error here; the registry refuses the token.
        string token = MakeToken(isUser ? scopes : [.. scopes.Select(static scope => scope.EndsWith(":pull,push", StringComparison.Ordinal) ? scope[..^5] : scope)]);
        context.Response.ContentType = "application/json";
        string expires = ExpiresIn is { } seconds ? string.Create(CultureInfo.InvariantCulture, $""","expires_in":{seconds}""") : "";
        await context.Response.WriteAsync($$"""{"{{(form is null ? "token" : "access_token")}}":"{{token}}"{{expires}}}""");
    }

    private string MakeToken(IReadOnlyList<string> scopes)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        string header = Encode($$"""{"typ":"JWT","alg":"ES256","x5c":["{{Convert.ToBase64String(_certificate.RawData)}}"]}""");
        string access = string.Join(',', scopes.Select(static scope =>
        {
            string[] parts = scope.Split(':');
            string actions = string.Join(',', parts[^1].Split(',').Select(static action => JsonSerializer.Serialize(action)));
            return $$"""{"type":"{{parts[0]}}","name":"{{string.Join(':', parts[1..^1])}}","actions":[{{actions}}]}""";
        }));
        string claims = Encode(string.Create(CultureInfo.InvariantCulture, $$"""
            {"iss":"{{Issuer}}","sub":"test","aud":"{{Service}}","exp":{{(now + Lifetime).ToUnixTimeSeconds()}},"nbf":{{now.AddMinutes(-1).ToUnixTimeSeconds()}},
            "iat":{{now.ToUnixTimeSeconds()}},"jti":"{{Guid.NewGuid():N}}","access":[{{access}}]}
            """));
        byte[] signature = _key.SignData(Encoding.ASCII.GetBytes($"{header}.{claims}"), HashAlgorithmName.SHA256);
        return $"{header}.{claims}.{Base64Url.EncodeToString(signature)}";
    }

    private static string Encode(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
}
