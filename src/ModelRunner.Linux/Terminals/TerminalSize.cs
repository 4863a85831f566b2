namespace ModelRunner.Linux.Terminals;

/// <summary>The size of the terminal that a standard stream is. .NET's own class would change the settings of the terminal.</summary>
internal static unsafe class TerminalSize
{
    private const nuint GetSize = 0x5413; // TIOCGWINSZ
    private const int StandardOutput = 1;
    private const int StandardError = 2;

    /// <summary>The size of standard output; null: it is no terminal, or one without a size.</summary>
    public static (int Columns, int Rows)? OfStandardOutput() => Of(StandardOutput);

    /// <summary>As <see cref="OfStandardOutput"/>, of standard error.</summary>
    public static (int Columns, int Rows)? OfStandardError() => Of(StandardError);

    private static (int Columns, int Rows)? Of(int descriptor)
    {
        // Rows, columns, and two numbers of pixels.
        ushort* size = stackalloc ushort[4];
        return Libc.Control(descriptor, GetSize, (int*)size) == 0 && size[0] > 0 && size[1] > 0 ? (size[1], size[0]) : null;
    }
}
