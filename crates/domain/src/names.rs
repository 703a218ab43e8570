//! Closed lists of things that have a stable name.

/// An enum whose items are written by their names, and read by them.
macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($(#[$item_doc:meta])* $item:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$item_doc])* $item,)* }

        impl $name {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$item,)*];
            /// Stable name, as the API and storage write it.
            pub const fn name(self) -> &'static str { match self { $(Self::$item => $text,)* } }
            /// Reads a stable name.
            pub fn named(name: &str) -> Option<Self> { match name { $($text => Some(Self::$item),)* _ => None } }
        }
    };
}
