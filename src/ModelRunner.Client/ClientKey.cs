using System.Text;
using ModelRunner.Configuration;
using ModelRunner.Linux.Files;

namespace ModelRunner.Client;

/// <summary>A key that may be sent to a daemon, and where it was configured.</summary>
/// <param name="Value">The key itself.</param>
/// <param name="Source">Where it was configured.</param>
/// <param name="Name">The name of that place, as the user knows it.</param>
internal sealed record ClientKey(string Value, AddressSource Source, string Name)
{
    private const int MaxFileBytes = 8192;

    /// <summary>The key of the flag, else of the environment, else of the configuration file; null if there is none.</summary>
    /// <exception cref="CliFailure">The flag's file contains no key.</exception>
    public static ClientKey? Find(string? keyFile, DaemonOptions options)
    {
        if (keyFile is not null)
            return new ClientKey(ReadFile(PathText.Resolve(keyFile, options, options.WorkingDirectory)), AddressSource.Flag, "--api-key-file");

        var reader = new OptionReader(new WrittenOptions(options, ConfigurationFile.Read(options, [])), []);
        if (reader.Secret(ConfigurationCatalog.ApiKey) is not { } value || reader.Written.Find(ConfigurationCatalog.ApiKey) is not { } written)
            return null;

        return new ClientKey(value, written.Source == OptionSource.File ? AddressSource.File : AddressSource.Environment, written.Key);
    }

    /// <summary>
    /// Whether the key may be sent to an address: to one that comes from the same place as the key, or to one that certainly belongs to this
    /// user or root. Otherwise a configuration file in a freshly unpacked folder could have the key sent to its author.
    /// </summary>
    public bool MayGoTo(DaemonAddress address, DaemonConnection connection) => Source == address.Source || connection.IsOwnUsers;

    private static string ReadFile(string path)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            byte[] text = new byte[MaxFileBytes];
            string key = Encoding.UTF8.GetString(text, 0, file.ReadAtLeast(text, text.Length, throwOnEndOfStream: false)).Trim();
            return key.Length is > 0 and <= 4096 && !key.AsSpan().ContainsAnyExceptInRange('!', '~')
                ? key
                : throw new CliFailure($"--api-key-file: {path} does not hold {ConfigurationCatalog.ApiKey.Expected}", ExitCode.Usage);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new CliFailure($"--api-key-file: {path} {PathProblem.OfFile(path)}", ExitCode.Usage);
        }
    }
}
