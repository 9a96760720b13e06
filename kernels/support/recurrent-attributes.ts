/** What the contracts of the recurrent kernels share: the attributes of all of them. */

/** What the forward kernels are told; the gradients' attributes add which cotangents are given. */
export interface RecurrentAttributes {
  /** Time runs from T-1 to 0; every output stays at its own t. */
  readonly reverse: boolean;
  /** mask [N,T] bool is given, after the inputs that always are; at a 0 the state is carried over unchanged. */
  readonly masked: boolean;
}
