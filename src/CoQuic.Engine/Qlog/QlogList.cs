using System.Collections;
using System.Collections.Generic;
using System.Linq;

namespace CoQuic.Engine;

/// <summary>A list that nobody changes and that is equal to another of the same content, so that events can be compared.</summary>
/// <typeparam name="T">What it holds.</typeparam>
/// <param name="items">The items, which nobody changes from now on.</param>
public sealed class QlogList<T>(IReadOnlyList<T> items) : IReadOnlyList<T>
{
    /// <inheritdoc/>
    public int Count => items.Count;

    /// <inheritdoc/>
    public T this[int index] => items[index];

    /// <inheritdoc/>
    public IEnumerator<T> GetEnumerator() => items.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is QlogList<T> other && this.SequenceEqual(other);

    /// <inheritdoc/>
    public override int GetHashCode() => Count;

    /// <summary>The items, one after the other.</summary>
    public override string ToString() => $"[{string.Join(", ", items)}]";
}
