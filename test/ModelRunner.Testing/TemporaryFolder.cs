using System.Diagnostics;

namespace ModelRunner.Testing;

/// <summary>A folder of a test's own, removed with everything in it when the test ends.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("mr-test-").FullName;

    /// <summary>The path of a file in it, which need not exist.</summary>
    public string PathOf(string name) => System.IO.Path.Join(Path, name);

    public string Write(string name, byte[] content)
    {
        string path = System.IO.Path.Join(Path, name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllBytes(path, content);
        return path;
    }

    public string Write(string name, string content) => Write(name, System.Text.Encoding.UTF8.GetBytes(content));

    /// <summary>Makes a named pipe: opening it waits for a process at its other end.</summary>
    public string MakePipe(string name)
    {
        string path = PathOf(name);
        using Process make = Process.Start("mkfifo", [path]);
        make.WaitForExit();
        Assert.Equal(0, make.ExitCode);
        return path;
    }

    public string WriteExecutable(string name)
    {
        string path = Write(name, "#!/bin/sh\n");
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return path;
    }

    /// <summary>Deletes the folder. The guardian process of a killed daemon may delete a part of it at the same time.</summary>
    public void Dispose()
    {
        while (Directory.Exists(Path))
        {
            try
            {
                Directory.Delete(Path, recursive: true);
            }
            catch (DirectoryNotFoundException)
            {
            }
        }
    }
}
