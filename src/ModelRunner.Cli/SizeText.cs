using System.Text.Json;
using ModelRunner.Client;
using ModelRunner.Configuration;
using ModelRunner.Linux.Files;

namespace ModelRunner.Cli;

/// <summary>The size of a model in the one form of all commands, whatever form its registry or its daemon uses.</summary>
internal static class SizeText
{
    /// <summary>The size that the member <c>config</c> of a model has; empty: none.</summary>
    public static string Of(JsonElement config)
    {
        if (config.Integer("size_bytes") is { } bytes)
            return FileSizeText.Format(bytes);
        string written = config.Text("size");
        return ByteSizeText.TryParse(written, out bytes) ? FileSizeText.Format(bytes) : written;
    }
}
