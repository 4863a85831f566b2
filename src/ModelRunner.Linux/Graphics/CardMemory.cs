namespace ModelRunner.Linux.Graphics;

/// <summary>The memory of one graphics card.</summary>
/// <param name="Card">Its PCI address, as <see cref="CardName"/> writes it.</param>
/// <param name="TotalBytes">How much it has.</param>
/// <param name="UsedBytes">How much all processes of the machine and the driver use.</param>
internal readonly record struct CardMemory(string Card, long TotalBytes, long UsedBytes);
