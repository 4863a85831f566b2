using ModelRunner.Linux.Files;

namespace ModelRunner.Configuration;

/// <summary>Reads files that members of the configuration name. Only regular files are read, so a read neither waits for a process nor is endless.</summary>
internal sealed class NamedFile(DaemonOptions options, List<ConfigurationProblem> problems)
{
    /// <summary>Reads the file; null after a problem was reported.</summary>
    /// <param name="written">The member with the path.</param>
    /// <param name="maxBytes">The most bytes to read. The caller sees a longer file by passing one more than it allows.</param>
    /// <param name="remedy">What to write instead if the file cannot be read.</param>
    public byte[]? Read(WrittenValue written, int maxBytes, string remedy)
    {
        if (!PathText.IsPossible(written.Text))
        {
            problems.Add(new ConfigurationProblem(written.Key, written.Text, "cannot be a path", "write the path of a file"));
            return null;
        }

        string path = PathText.Resolve(written.Text, options, options.WorkingDirectory);
        try
        {
            using FileStream? stream = RegularFile.Open(path);
            if (stream is not null)
            {
                var buffer = new byte[maxBytes];
                int length = stream.ReadAtLeast(buffer, maxBytes, throwOnEndOfStream: false);
                return buffer[..length];
            }
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Reported below.
        }

        problems.Add(new ConfigurationProblem(written.Key, written.Text, DescribeUnreadable(path), remedy));
        return null;
    }

    /// <summary>Explains why no file could be read at a path, as a clause that follows its name.</summary>
    public static string DescribeUnreadable(string path) => FileStatus.Of(path).Kind switch
    {
        FileKind.Missing => "does not exist",
        FileKind.Folder => "is a folder",
        FileKind.Other => "is not a regular file",
        _ => "cannot be read",
    };
}
