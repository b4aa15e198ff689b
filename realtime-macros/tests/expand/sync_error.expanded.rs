// What sync_error.rs becomes.
const _: () = {
    fn __realtime_type_0(
        types: &mut ::realtime_core::__private::Types,
    ) -> ::realtime_core::__private::Ty {
        <u32 as ::realtime_core::__private::Described>::describe(types)
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl ::realtime_core::__private::Described for PostError {
        fn describe(
            types: &mut ::realtime_core::__private::Types,
        ) -> ::realtime_core::__private::Ty {
            types
                .named::<
                    Self,
                >(
                    "PostError",
                    |types| {
                        let _ = &types;
                        ::realtime_core::__private::TypeDef {
                            name: "PostError".into(),
                            doc: "".into(),
                            shape: ::realtime_core::__private::Shape::Error(
                                ::std::vec![
                                    ::realtime_core::__private::Variant { rust : "Empty".into(),
                                    name : "Empty".into(), doc : "".into(), fields :
                                    ::realtime_core::__private::VariantFields::Unit },
                                    ::realtime_core::__private::Variant { rust : "TooFast"
                                    .into(), name : "TooFast".into(), doc : "".into(), fields :
                                    ::realtime_core::__private::VariantFields::Struct(::std::vec![::realtime_core::__private::Field
                                    { number : 0, rust : "wait_ms".into(), name : "wait_ms"
                                    .into(), ty : __realtime_type_0(types), doc : "".into(),
                                    optional : false, rules : ::std::vec![], }]) }
                                ],
                            ),
                            copy: {
                                use ::realtime_core::__private::lowered::NotCopy as _;
                                ::realtime_core::__private::lowered::CopyProbe::<
                                    PostError,
                                >::COPY
                            },
                        }
                    },
                )
        }
    }
    #[automatically_derived]
    #[diagnostic::do_not_recommend]
    impl ::realtime_core::__private::lowered::Has<
        ::realtime_core::__private::lowered::m::clone,
    > for PostError {}
};
#[automatically_derived]
impl ::realtime_core::__private::SyncError for PostError {
    fn refusal(
        &self,
    ) -> ::core::result::Result<
        ::realtime_core::__private::Raw,
        ::realtime_core::__private::RawError,
    > {
        match self {
            Self::Empty {} => {
                ::realtime_core::__private::lowered::refusal("Empty", ::std::vec![])
            }
            Self::TooFast { wait_ms: field_0 } => {
                ::realtime_core::__private::lowered::refusal(
                    "TooFast",
                    ::std::vec![
                        ("wait_ms", ::realtime_core::__private::Raw::encode(field_0) ?)
                    ],
                )
            }
        }
    }
}
