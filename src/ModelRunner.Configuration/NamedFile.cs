using System.Globalization;
using ModelRunner.Linux.Files;

namespace ModelRunner.Configuration;

/// <summary>Reads files that members of the configuration name. Only regular files are read, so a read neither waits for a process nor is endless.</summary>
internal sealed class NamedFile(DaemonOptions options, List<ConfigurationProblem> problems)
{
    /// <summary>Reads the file; null after a problem was reported.</summary>
    /// <param name="written">The member with the path.</param>
    /// <param name="maxBytes">The most bytes that the file may have.</param>
    /// <param name="remedy">What to write instead if the file cannot be read.</param>
    public byte[]? Read(WrittenValue written, int maxBytes, string remedy)
    {
        if (!PathText.IsPossible(written.Text))
        {
            problems.Add(new ConfigurationProblem(written.Key, written.Text, "cannot be a path", "write the path of a file"));
            return null;
        }

        string path = PathText.Resolve(written.Text, options, options.WorkingDirectory);
        if (TryRead(path, maxBytes, out string problem) is { } content)
            return content;

        problems.Add(new ConfigurationProblem(written.Key, written.Text, problem, remedy));
        return null;
    }

    /// <summary>Reads a regular file; null where that fails or the file is too long.</summary>
    /// <param name="path">Its absolute path.</param>
    /// <param name="maxBytes">The most bytes that the file may have.</param>
    /// <param name="problem">Why it was not read, as a clause that follows its name.</param>
    public static byte[]? TryRead(string path, int maxBytes, out string problem)
    {
        problem = "";
        try
        {
            using FileStream? stream = RegularFile.Open(path);
            if (stream is not null)
            {
                byte[] buffer = GC.AllocateUninitializedArray<byte>(maxBytes + 1);
                int length = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
                if (length <= maxBytes)
                    return buffer[..length];

                long size = Math.Max(stream.Length, length);
                problem = string.Create(CultureInfo.InvariantCulture, $"has {size} bytes, more than the limit of {maxBytes}");
                return null;
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Explained below.
        }

        problem = PathProblem.OfFile(path);
        return null;
    }
}
