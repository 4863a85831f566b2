using System.Security.Authentication;

namespace ModelRunner.Store.Http;

/// <summary>A server speaks TLS, but its certificate is not accepted.</summary>
internal sealed class CertificateException(string message) : AuthenticationException(message);
