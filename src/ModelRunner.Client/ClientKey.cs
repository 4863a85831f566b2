using System.Text;
using ModelRunner.Configuration;

namespace ModelRunner.Client;

/// <summary>A key that may be sent to a daemon.</summary>
/// <param name="Value">The key itself.</param>
/// <param name="Source">Where it was written.</param>
/// <param name="Name">The place, as the user knows it.</param>
internal sealed record ClientKey(string Value, AddressSource Source, string Name)
{
    private const int MaxFileBytes = 8192;

    /// <summary>The key of the flag, else of the environment, else of the configuration file; null where there is none.</summary>
    /// <exception cref="CliFailure">The file of the flag holds no key.</exception>
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
    /// Whether it may go to an address: one that came from the same place as the key, or one at which surely nobody but this user, or
    /// root, answers. Otherwise a file in a folder that was unpacked a moment ago could have it sent to its author.
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
            throw new CliFailure($"--api-key-file: {path} cannot be read", ExitCode.Usage);
        }
    }
}
