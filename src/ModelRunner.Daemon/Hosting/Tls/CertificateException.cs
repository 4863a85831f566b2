using ModelRunner.Configuration;

namespace ModelRunner.Daemon.Hosting.Tls;

/// <summary>A file of TLS cannot be used. The message names the file and the reason.</summary>
/// <param name="option">The option that names the file.</param>
/// <param name="path">Its path.</param>
/// <param name="reason">What is wrong; completes a sentence that begins with the path.</param>
/// <param name="remedy">What to do.</param>
/// <param name="cause">The exception behind it; null: none.</param>
internal sealed class CertificateException(ConfigurationOption option, string path, string reason, string remedy, Exception? cause = null)
    : Exception($"{path} {reason}", cause)
{
    public ConfigurationOption Option => option;

    public string Reason => reason;

    public string Remedy => remedy;
}
