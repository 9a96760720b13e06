/** A process that does nothing: a process that imports weft, minus this one, is the import. */
console.log(0);
