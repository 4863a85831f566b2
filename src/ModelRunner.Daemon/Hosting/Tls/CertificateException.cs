namespace ModelRunner.Daemon.Hosting.Tls;

/// <summary>A file of TLS cannot be used. The message names the file and the reason, and is meant for the user.</summary>
internal sealed class CertificateException(string message, Exception? cause = null) : Exception(message, cause);
